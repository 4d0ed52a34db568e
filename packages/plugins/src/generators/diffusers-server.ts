import { defineGenerator, type Generation, type PluginContext } from '@diptych/plugin-kit';
import { z } from 'zod';
import { callService, failureOf, type Service, type ServiceAnswer } from '../shared/http/call-service.ts';
import { joinUrl } from '../shared/http/endpoint.ts';
import { fetchMadeImage } from '../shared/http/job.ts';
import {
  diffusionOptions,
  localMetering,
  localOptions,
  localService,
  needsOfLocal,
  traitsOf,
} from '../shared/http/local-server.ts';
import { decodeBase64Image } from '../shared/http/media.ts';
import { readAnswer } from '../shared/http/read-answer.ts';
import { given, oneByOne } from '../shared/http/service-options.ts';
import { typicalBytes } from '../shared/typical-bytes.ts';

const optionsSchema = z.strictObject({
  /** Sent as `model`; the example server loads one model and does not read it. */
  model: z.string().min(1).max(500),
  path: z
    .string()
    .regex(/^\/?[\w./-]+$/)
    .max(500)
    .default('v1/images/generations'),
  /** Such as 1024x1024. */
  size: z.string().max(20).optional(),
  /** Name of the parameter that takes the seed. The example server has none: it draws its own. */
  seedParameter: z.string().min(1).max(100).optional(),
  ...diffusionOptions,
  // The example server names its images by SERVICE_URL, which is this address unless it is set.
  ...localOptions({ baseUrl: 'http://localhost:8000', concurrency: 1 }),
});
type Options = z.output<typeof optionsSchema>;

const flag = z.union([z.boolean(), z.array(z.boolean())]).nullish();
const picture = z.union([
  z
    .string()
    .min(1)
    .transform((b64_json) => ({ b64_json, url: undefined, nsfw_content_detected: undefined })),
  z.object({ url: z.string().optional(), b64_json: z.string().optional(), nsfw_content_detected: flag }),
]);
/** `data` as huggingface/diffusers, examples/server/server.py, and OpenAI have it, `images` as a pipeline's output is called. */
const answerSchema = z
  .object({ data: z.array(picture).optional(), images: z.array(picture).optional(), nsfw_content_detected: flag })
  .refine(({ data, images }) => data !== undefined || images !== undefined);
const isTrue = (value: z.output<typeof flag>): boolean => [value].flat()[0] === true;

async function generationOf(answer: ServiceAnswer, service: Service, signal: AbortSignal): Promise<Generation> {
  if (!answer.ok) {
    // FastAPI puts what was raised, with its traceback, into `detail`; its last line says what happened.
    const detail = z.object({ detail: z.string() }).safeParse(answer.json).data?.detail;
    throw failureOf(answer, service, detail?.trim().split('\n').at(-1)?.slice(0, 500) ?? answer.excerpt);
  }
  const { data, images, nsfw_content_detected } = readAnswer(answerSchema, answer, service, 'data or images');
  const [first] = data ?? images ?? [];
  // The field of a pipeline's output by this name; the checker has made the picture black then.
  if (isTrue(nsfw_content_detected) || isTrue(first?.nsfw_content_detected))
    return { outcome: 'blocked', stage: 'output', reason: 'nsfw_content_detected is true', categories: ['nsfw'] };
  if (first?.b64_json) return { outcome: 'image', bytes: decodeBase64Image(first.b64_json, service) };
  if (first?.url) return { outcome: 'image', bytes: await fetchMadeImage(first.url, service, signal) };
  return { outcome: 'empty', reason: 'answered without images' };
}

export default defineGenerator({
  name: 'diffusers-server',
  summary: 'Makes images on a server like the example of diffusers, which answers /v1/images/generations.',
  reference: 'https://github.com/huggingface/diffusers/tree/main/examples/server',
  family: 'diffusion',
  decoder: 'vae',
  simulated: false,
  options: optionsSchema,
  traitsOf,
  needs: needsOfLocal,

  create(options: Options, context: PluginContext) {
    const { baseUrl, path, model, size, seedParameter, extra } = options;
    const service = localService('the diffusers server', options, context);
    const fixed = { model, n: 1, ...given({ size }), ...extra };
    const metering = localMetering('diffusers-server', options, typicalBytes({ size, format: 'png' }));
    return {
      ...metering,
      generate: oneByOne(metering.estimate, async ({ prompt, seed }, signal) => {
        const json = { prompt, ...fixed, ...(seedParameter && { [seedParameter]: seed }) };
        const made = await generationOf(
          await callService(service, { url: joinUrl(baseUrl, path), json }, signal),
          service,
          signal,
        );
        if (made.outcome !== 'image' || seedParameter !== undefined) return made;
        return { ...made, warnings: ['The server was not told the seed; set seedParameter if it takes one.'] };
      }),
    };
  },
});
