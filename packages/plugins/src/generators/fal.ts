import { defineGenerator, type Generation, InfrastructureError, type PluginContext } from '@diptych/plugin-kit';
import { z } from 'zod';
import { callService, failureOf, type Service, type ServiceAnswer } from '../shared/http/call-service.ts';
import { baseUrlOption, joinUrl, keyNameOption } from '../shared/http/endpoint.ts';
import { fetchMadeImage, finishJob } from '../shared/http/job.ts';
import { readAnswer } from '../shared/http/read-answer.ts';
import {
  given,
  hostsOf,
  kindOptions,
  meteringOf,
  oneByOne,
  pollSecondsOption,
  serviceOptions,
} from '../shared/http/service-options.ts';
import { kindMissing, modelKind } from '../shared/known-models.ts';

const optionsSchema = z
  .strictObject({
    /** The endpoint's id, such as fal-ai/flux/dev. */
    model: z.string().regex(/^[\w.-]+(\/[\w.-]+){1,6}$/, 'an endpoint such as fal-ai/flux/dev'),
    baseUrl: baseUrlOption('https://queue.fal.run'),
    keyName: keyNameOption('FAL_KEY'),
    ...kindOptions,
    image_size: z
      .union([z.string().max(50), z.strictObject({ width: z.int().positive(), height: z.int().positive() })])
      .optional(),
    aspect_ratio: z.string().max(20).optional(),
    num_inference_steps: z.int().positive().optional(),
    guidance_scale: z.number().min(0).optional(),
    negative_prompt: z.string().max(10_000).optional(),
    enable_safety_checker: z.boolean().optional(),
    /** `1` is the strictest, `5` or `6` the most permissive; models by Black Forest Labs. */
    safety_tolerance: z
      .string()
      .regex(/^[1-6]$/)
      .optional(),
    output_format: z.enum(['jpeg', 'png', 'webp']).optional(),
    pollSeconds: pollSecondsOption(1),
    ...serviceOptions({ concurrency: 4 }),
  })
  .refine((options) => modelKind(options.model, options), {
    path: ['family'],
    error: ({ input }) => kindMissing((input as { model: string }).model),
  });
type Options = z.output<typeof optionsSchema>;

const submitted = z.object({ request_id: z.string().regex(/^[\w-]+$/) });
const progress = z.object({ status: z.string(), error: z.unknown().optional(), error_type: z.string().optional() });
const picture = z.object({ url: z.string() });
const result = z.object({
  images: z.array(picture).optional(),
  image: picture.nullish(),
  has_nsfw_concepts: z.union([z.boolean(), z.array(z.boolean())]).nullish(),
  prompt: z.string().nullish(),
});
const failure = z.object({
  detail: z.array(
    z.object({
      loc: z.array(z.union([z.string(), z.number()])).default([]),
      msg: z.string().default(''),
      type: z.string(),
      categories: z.array(z.string()).optional(),
    }),
  ),
});

/** The endings that fal states in a 4xx; `undefined` where it is a fault. */
function endingOf(answer: ServiceAnswer): Generation | undefined {
  const errors = failure.safeParse(answer.json).data?.detail ?? [];
  const flagged = errors.filter(({ type }) => type === 'content_policy_violation');
  if (flagged.length > 0) {
    // `loc` names the input that was flagged; without one behind `body` it was what the model made.
    const stage = flagged.some(({ loc }) => loc.length > 1) ? 'input' : 'output';
    const reason =
      flagged
        .map(({ msg }) => msg)
        .join(' ')
        .slice(0, 4000) || 'content_policy_violation';
    return { outcome: 'blocked', stage, reason, categories: [...new Set(flagged.flatMap((e) => e.categories ?? []))] };
  }
  // Named in fal's list of model errors: the model ended without an image.
  const none = errors.find(({ type }) => type === 'no_media_generated');
  return none && { outcome: 'empty', reason: none.msg.slice(0, 4000) || none.type };
}

/** `X-Fal-Retryable` says whether repeating can help; without it the status decides. */
function faultOf(answer: ServiceAnswer, service: Service): InfrastructureError {
  const fault = failureOf(answer, service);
  const told = answer.headers.get('x-fal-retryable');
  if (told === null || fault.rateLimited) return fault;
  const { message, retryAfterMs } = fault;
  return new InfrastructureError(message, {
    retryable: told === 'true',
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
}

async function generationOf(
  answer: ServiceAnswer,
  prompt: string,
  service: Service,
  signal: AbortSignal,
): Promise<Generation> {
  if (!answer.ok) {
    const ending = endingOf(answer);
    if (ending) return ending;
    throw faultOf(answer, service);
  }
  const made = readAnswer(result, answer, service, 'images');
  // The picture is black then: the service's placeholder, not the model's work.
  if ([made.has_nsfw_concepts].flat()[0])
    return { outcome: 'blocked', stage: 'output', reason: 'has_nsfw_concepts is true', categories: ['nsfw'] };
  const url = made.images?.[0]?.url ?? made.image?.url;
  if (!url) return { outcome: 'empty', reason: 'completed without images' };
  const bytes = await fetchMadeImage(url, service, signal);
  return { outcome: 'image', bytes, ...(made.prompt && made.prompt !== prompt ? { revisedPrompt: made.prompt } : {}) };
}

export default defineGenerator({
  name: 'fal',
  summary: 'Makes images with any text-to-image model on fal, through its queue.',
  reference: 'https://fal.ai/docs/documentation/model-apis/inference/queue',
  /** Of the model that is chosen; see `traitsOf`. */
  family: 'diffusion',
  decoder: 'unknown',
  simulated: false,
  options: optionsSchema,
  traitsOf: (options) => ({ ...modelKind(options.model, options) }),
  needs: (options) => ({
    secrets: [options.keyName],
    hosts: hostsOf(options, ['fal.media', '*.fal.media', 'storage.googleapis.com']),
  }),

  create(options: Options, context: PluginContext) {
    const { model, baseUrl, keyName, pollSeconds, extra } = options;
    const { image_size, aspect_ratio, num_inference_steps, guidance_scale, negative_prompt } = options;
    const { enable_safety_checker, safety_tolerance, output_format } = options;
    const headers = { authorization: `Key ${context.secret(keyName)}` };
    const service: Service = { name: 'fal', context, keyName, headers };
    const input = {
      ...given({ image_size, aspect_ratio, num_inference_steps, guidance_scale, negative_prompt }),
      ...given({ enable_safety_checker, safety_tolerance, output_format }),
      ...extra,
    };
    // Requests live under the application, which is the first two parts of an endpoint, three in these two namespaces.
    const depth = /^(workflows|comfy)\//.test(model) ? 3 : 2;
    const requests = joinUrl(baseUrl, `${model.split('/').slice(0, depth).join('/')}/requests`);
    const hasKnownSize = typeof image_size !== 'object';
    const metering = meteringOf('fal', options, hasKnownSize ? [`fal/${model}`] : [`fal/${model}/custom size`]);
    return {
      ...metering,
      generate: oneByOne(metering.estimate, async ({ prompt, seed }, signal) => {
        const submission = await callService(
          service,
          { url: joinUrl(baseUrl, model), json: { prompt, seed, ...input } },
          signal,
        );
        if (!submission.ok) return generationOf(submission, prompt, service, signal);
        const { request_id } = readAnswer(submitted, submission, service, 'a request_id');
        const own = `${requests}/${request_id}`;
        const look = async () => {
          const answer = await callService(service, { url: `${own}/status` }, signal);
          const { status } = readAnswer(progress, answer, service, 'a status');
          return status === 'IN_QUEUE' || status === 'IN_PROGRESS' ? undefined : status;
        };
        const cancel = (time: AbortSignal) => callService(service, { url: `${own}/cancel`, method: 'PUT' }, time);
        await finishJob({ pollSeconds, look, cancel }, signal);
        return generationOf(await callService(service, { url: own }, signal), prompt, service, signal);
      }),
    };
  },
});
