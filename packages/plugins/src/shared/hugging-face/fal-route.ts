import type { Generation } from '@diptych/plugin-kit';
import { z } from 'zod';
import { generateOnFal } from '../fal/queue.ts';
import type { Service } from '../http/call-service.ts';
import { joinUrl } from '../http/endpoint.ts';

/** The request's path on fal, which is its path behind the router too; the model's name there may differ from the one asked. */
const submitted = z.object({
  response_url: z
    .url()
    .transform((url) => new URL(url).pathname)
    .pipe(z.string().regex(/^(\/[\w.-]+)+\/requests\/[\w-]+$/)),
});

/**
 * fal behind Hugging Face's router: its queue, picked by a query, as in huggingface/huggingface.js,
 * packages/inference/src/providers/fal-ai.ts. Cancelling there is unconfirmed, so the request of a stopped call runs on.
 */
export function generateThroughRouter(
  call: { readonly baseUrl: string; readonly model: string; readonly parameters: object; readonly pollSeconds: number },
  prompt: string,
  service: Service,
  signal: AbortSignal,
): Promise<Generation> {
  const { baseUrl, model, parameters, pollSeconds } = call;
  const urlOf = (path: string) => joinUrl(baseUrl, `fal-ai/${path.replace(/^\//, '')}?_subdomain=queue`);
  return generateOnFal(
    {
      submission: { url: urlOf(model), json: { ...parameters, prompt } },
      submitted,
      addressesOf: ({ response_url: path }) => ({ status: urlOf(`${path}/status`), result: urlOf(path) }),
      pollSeconds,
    },
    prompt,
    service,
    signal,
  );
}
