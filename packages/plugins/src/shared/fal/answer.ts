/** How a request on fal ended, after its pages on model errors (docs.fal.ai/errors; a stored copy, read 2026-11-24). */
import { type Generation, InfrastructureError } from '@diptych/plugin-kit';
import { z } from 'zod';
import { failureOf, type Service, type ServiceAnswer } from '../http/call-service.ts';
import { fetchMadeImage } from '../http/job.ts';
import { readAnswer } from '../http/read-answer.ts';
import { reasonOf } from '../http/service-options.ts';

const picture = z.object({ url: z.string() });
/** As the outputs in fal-ai/fal-js, libs/client/src/types/endpoints.ts have it; `image` where a model makes but one. */
const result = z
  .object({
    images: z.array(picture).optional(),
    image: picture.nullish(),
    has_nsfw_concepts: z.union([z.boolean(), z.array(z.boolean())]).nullish(),
    prompt: z.string().nullish(),
  })
  .refine(({ images, image }) => images !== undefined || image);
const failure = z.object({
  detail: z.array(z.object({ msg: z.string().default(''), type: z.string(), categories: z.array(z.string()).optional() })),
});

/** The endings that fal states in a 4xx; `undefined` where it is a fault. Its page says to go by `type`, not by `msg`. */
function endingOf(answer: ServiceAnswer): Generation | undefined {
  const errors = failure.safeParse(answer.json).data?.detail ?? [];
  const flagged = errors.filter(({ type }) => type === 'content_policy_violation');
  if (flagged.length > 0)
    return {
      outcome: 'blocked',
      // The page defines the type as flagged input. Whether models of partners state a flagged picture so too is unconfirmed.
      stage: 'input',
      reason: reasonOf(flagged.map(({ msg }) => msg).join(' '), 'content_policy_violation'),
      categories: [...new Set(flagged.flatMap((e) => e.categories ?? []))],
    };
  // "The model did not generate the expected output for this prompt", with the address docs.fal.ai/errors#no_media_generated:
  // so clients' tests keep it. The page as read lacks the type, so whether declining models end so too is unconfirmed.
  const none = errors.find(({ type }) => type === 'no_media_generated');
  return none && { outcome: 'empty', reason: reasonOf(none.msg, none.type) };
}

/** Says whether repeating can help: `X-Fal-Retryable` true or false, on newer pages `X-Fal-Needs-Retry` 1 or 0. */
const retryHeaders = ['x-fal-retryable', 'x-fal-needs-retry'];

/** Without such a header the status decides. */
function faultOf(answer: ServiceAnswer, service: Service): InfrastructureError {
  const fault = failureOf(answer, service);
  const told = retryHeaders.map((name) => answer.headers.get(name)).find((value) => value !== null);
  if (told === undefined || fault.rateLimited) return fault;
  const { message, retryAfterMs } = fault;
  return new InfrastructureError(message, {
    retryable: told === 'true' || told === '1',
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
}

/** Reads the answer to the request for a result; fetches the image that it names. */
export async function falGenerationOf(
  answer: ServiceAnswer,
  { prompt, isUnchecked }: { readonly prompt: string; readonly isUnchecked: boolean },
  service: Service,
  signal: AbortSignal,
): Promise<Generation> {
  if (!answer.ok) {
    const ending = endingOf(answer);
    if (ending) return ending;
    throw faultOf(answer, service);
  }
  const made = readAnswer(result, answer, service, 'images');
  // "Whether the generated images contain NSFW concepts". That the picture is then the checker's and not the model's is
  // unconfirmed; where the user turned the checker off it is taken, and core tells a black one apart.
  const isFlagged = [made.has_nsfw_concepts].flat()[0] === true;
  if (isFlagged && !isUnchecked)
    return { outcome: 'blocked', stage: 'output', reason: 'has_nsfw_concepts is true', categories: ['nsfw'] };
  const url = made.images?.[0]?.url ?? made.image?.url;
  if (!url) return { outcome: 'empty', reason: 'completed without images' };
  const bytes = await fetchMadeImage(url, service, signal);
  return {
    outcome: 'image',
    bytes,
    ...(made.prompt && made.prompt !== prompt ? { revisedPrompt: made.prompt } : {}),
    ...(isFlagged ? { warnings: ['fal flagged the picture as NSFW; its safety checker was off.'] } : {}),
  };
}
