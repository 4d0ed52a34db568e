import { defineGenerator, type Generation, InfrastructureError, type PluginContext } from '@diptych/plugin-kit';
import { z } from 'zod';
import { callService, failureOf, type Service, type ServiceAnswer, unexpectedAnswer } from '../shared/http/call-service.ts';
import { baseUrlOption, hostOf, joinUrl, keyNameOption } from '../shared/http/endpoint.ts';
import { fetchMadeImage } from '../shared/http/job.ts';
import { decodeBase64Image } from '../shared/http/media.ts';
import { readAnswer } from '../shared/http/read-answer.ts';
import {
  given,
  hostsOf,
  kindOptions,
  meteringOf,
  oneByOne,
  reasonOf,
  serviceOptions,
} from '../shared/http/service-options.ts';
import { kindMissing, modelKind } from '../shared/known-models.ts';

type Parameters = Readonly<Record<string, unknown>>;
interface Call {
  readonly path: string;
  readonly json: object;
  readonly headers?: Readonly<Record<string, string>>;
}
const openAiStyle =
  (format: string) =>
  (model: string, prompt: string, { num_inference_steps, ...rest }: Parameters): Call => ({
    path: 'v1/images/generations',
    json: { model, prompt, response_format: format, ...given({ steps: num_inference_steps }), ...rest },
  });

/** How each provider behind the router takes the task, as in packages/inference/src/providers of huggingface.js. */
const providers = {
  'hf-inference': (model: string, inputs: string, parameters: Parameters): Call => ({
    path: `models/${model}`,
    json: { inputs, parameters },
  }),
  'fal-ai': (model: string, prompt: string, parameters: Parameters): Call => ({
    path: model,
    json: { prompt, ...parameters },
  }),
  replicate: (model: string, prompt: string, parameters: Parameters): Call => {
    const [name, version] = model.split(':');
    const path = version === undefined ? `v1/models/${name}/predictions` : 'v1/predictions';
    return { path, headers: { prefer: 'wait' }, json: { ...given({ version }), input: { ...parameters, prompt } } };
  },
  together: openAiStyle('base64'),
  nebius: openAiStyle('b64_json'),
  nscale: openAiStyle('b64_json'),
} as const;

const optionsSchema = z
  .strictObject({
    /** Id on the Hub, such as black-forest-labs/FLUX.1-schnell. */
    model: z.string().regex(/^[\w.-]+\/[\w.-]+$/, 'owner/name'),
    provider: z.enum(Object.keys(providers) as [keyof typeof providers]).default('hf-inference'),
    /** The provider's own name of the model; where absent, the Hub's provider mapping is asked once. */
    providerModel: z
      .string()
      .regex(/^[\w.:/-]{1,300}$/)
      .optional(),
    baseUrl: baseUrlOption('https://router.huggingface.co'),
    hubUrl: baseUrlOption('https://huggingface.co'),
    keyName: keyNameOption('HF_TOKEN'),
    ...kindOptions,
    negative_prompt: z.string().max(10_000).optional(),
    width: z.int().positive().optional(),
    height: z.int().positive().optional(),
    num_inference_steps: z.int().positive().optional(),
    guidance_scale: z.number().min(0).optional(),
    scheduler: z.string().max(100).optional(),
    ...serviceOptions({ concurrency: 4 }),
  })
  .refine((options) => modelKind(options.model, options), {
    path: ['family'],
    error: ({ input }) => kindMissing((input as { model: string }).model),
  });
type Options = z.output<typeof optionsSchema>;

const mapped = z.object({ providerId: z.string(), task: z.string(), provider: z.string().optional() });
const mapping = z.object({ inferenceProviderMapping: z.union([z.array(mapped), z.record(z.string(), mapped)]) });

/** Asks the Hub what the provider calls the model. Faults name what the Hub offers instead. */
async function providerModelOf(options: Options, service: Service, signal: AbortSignal): Promise<string> {
  const { model, provider, hubUrl } = options;
  if (options.providerModel !== undefined) return options.providerModel;
  if (provider === 'hf-inference') return model;
  const url = joinUrl(hubUrl, `api/models/${model}?expand[]=inferenceProviderMapping`);
  const { inferenceProviderMapping: all } = readAnswer(
    mapping,
    await callService(service, { url }, signal),
    service,
    'a provider mapping',
  );
  const list = Array.isArray(all) ? all : Object.entries(all).map(([name, entry]) => ({ ...entry, provider: name }));
  const found = list.find((entry) => entry.provider === provider && entry.task === 'text-to-image');
  if (found) return found.providerId;
  const offered = list.map((entry) => `${entry.provider} (${entry.task})`).join(', ') || 'nothing';
  throw new InfrastructureError(`Expected the Hub to map ${model} to ${provider} for text-to-image, it offers ${offered}.`, {
    retryable: false,
  });
}

/** A model that is being loaded says how long that takes; the service is not crowded then, only cold. */
function faultOf(answer: ServiceAnswer, service: Service): InfrastructureError {
  const loading = z.object({ error: z.string(), estimated_time: z.number().min(0) }).safeParse(answer.json).data;
  if (answer.status !== 503 || !loading) return failureOf(answer, service);
  return new InfrastructureError(`${service.name}: ${loading.error}.`, { retryAfterMs: loading.estimated_time * 1000 });
}

const address = z.string().min(1);
const picture = z.union([
  z
    .object({ images: z.tuple([z.object({ url: address })], z.unknown()) })
    .transform(({ images }) => ({ url: images[0].url })),
  z
    .object({ data: z.tuple([z.object({ b64_json: address })], z.unknown()) })
    .transform(({ data }) => ({ base64: data[0].b64_json })),
  z.object({ data: z.tuple([z.object({ url: address })], z.unknown()) }).transform(({ data }) => ({ url: data[0].url })),
  z
    .object({ output: z.union([address, z.tuple([address], z.unknown())]) })
    .transform(({ output }) => ({ url: [output].flat()[0] as string })),
]);
const nsfw = z.object({ has_nsfw_concepts: z.tuple([z.literal(true)], z.unknown()) });
const emptyList = z.union([
  z.object({ images: z.tuple([]) }),
  z.object({ data: z.tuple([]) }),
  z.object({ output: z.tuple([]) }),
]);
const failedPrediction = z.object({ status: z.enum(['failed', 'canceled', 'aborted']), error: z.unknown() });
const policy = /content_policy_violation|\bNSFW\b|flagged as sensitive|content (policy|moderation)/i;

/**
 * hf-inference answers with the file itself and documents no field of a filter; a black picture is told apart by core.
 * The other providers' own answers pass through the router, so their filters are read as they state them.
 */
async function generationOf(answer: ServiceAnswer, service: Service, signal: AbortSignal): Promise<Generation> {
  const type = answer.headers.get('content-type') ?? '';
  if (answer.ok && type.startsWith('image/')) return { outcome: 'image', bytes: answer.bytes };
  const failed = failedPrediction.safeParse(answer.json).data;
  const isRefusal = failed !== undefined || (answer.status >= 400 && answer.status < 500 && answer.status !== 429);
  if (isRefusal && policy.test(answer.excerpt))
    return { outcome: 'blocked', stage: failed ? 'output' : 'input', reason: reasonOf(failed?.error, answer.excerpt) };
  if (!answer.ok) throw faultOf(answer, service);
  if (failed) throw new InfrastructureError(`${service.name} could not finish: ${String(failed.error).slice(0, 500)}.`);
  if (nsfw.safeParse(answer.json).success)
    return { outcome: 'blocked', stage: 'output', reason: 'has_nsfw_concepts is true', categories: ['nsfw'] };
  if (emptyList.safeParse(answer.json).success) return { outcome: 'empty', reason: 'answered without images' };
  const found = picture.safeParse(answer.json).data;
  if (!found) throw unexpectedAnswer(service, 'an image', answer);
  const bytes =
    'base64' in found ? decodeBase64Image(found.base64, service) : await fetchMadeImage(found.url, service, signal);
  return { outcome: 'image', bytes };
}

const mediaOf: Partial<Record<Options['provider'], readonly string[]>> = {
  'fal-ai': ['fal.media', '*.fal.media'],
  replicate: ['replicate.delivery', '*.replicate.delivery'],
};

export default defineGenerator({
  name: 'huggingface-inference',
  summary: 'Makes images through the Inference Providers of Hugging Face, on its own servers or a partner.',
  reference: 'https://huggingface.co/docs/inference-providers/tasks/text-to-image',
  /** Of the model that is chosen; see `traitsOf`. */
  family: 'diffusion',
  decoder: 'unknown',
  simulated: false,
  options: optionsSchema,
  traitsOf: (options) => ({ ...modelKind(options.model, options) }),
  needs: (options) => ({
    secrets: [options.keyName],
    hosts: hostsOf(options, [hostOf(options.hubUrl), ...(mediaOf[options.provider] ?? [])]),
  }),

  create(options: Options, context: PluginContext) {
    const { model, provider, baseUrl, keyName, extra } = options;
    const { negative_prompt, width, height, num_inference_steps, guidance_scale, scheduler } = options;
    const headers = { authorization: `Bearer ${context.secret(keyName)}` };
    const service: Service = { name: 'Hugging Face', context, keyName, headers };
    const parameters = {
      ...given({ negative_prompt, width, height, num_inference_steps, guidance_scale, scheduler }),
      ...extra,
    };
    const metering = meteringOf('huggingface', options, [`huggingface/${provider}/${model}`]);
    let name: string | undefined;
    return {
      ...metering,
      generate: oneByOne(metering.estimate, async ({ prompt, seed }, signal) => {
        name ??= await providerModelOf(options, service, signal);
        const { path, ...request } = providers[provider](name, prompt, { seed, ...parameters });
        const accept = provider === 'hf-inference' ? { accept: 'image/*' } : {};
        const url = joinUrl(baseUrl, `${provider}/${path}`);
        const call = { url, json: request.json, headers: { ...accept, ...request.headers } };
        return generationOf(await callService(service, call, signal), service, signal);
      }),
    };
  },
});
