import { defineGenerator, type Generation, type PluginContext } from '@diptych/plugin-kit';
import { z } from 'zod';
import { callService, failureOf, type Service, type ServiceAnswer, unexpectedAnswer } from '../shared/http/call-service.ts';
import { baseUrlOption, joinUrl, keyNameOption } from '../shared/http/endpoint.ts';
import { decodeBase64Image } from '../shared/http/media.ts';
import { given, hostsOf, meteringOf, oneByOne, reasonOf, serviceOptions } from '../shared/http/service-options.ts';
import { typicalBytes } from '../shared/typical-bytes.ts';

const models = ['sd3.5-large', 'sd3.5-large-turbo', 'sd3.5-medium', 'core', 'ultra'] as const;

const optionsSchema = z.strictObject({
  model: z.enum(models).default('sd3.5-large'),
  baseUrl: baseUrlOption('https://api.stability.ai'),
  keyName: keyNameOption('STABILITY_API_KEY'),
  /** How the image comes: as the file itself, or base64 in JSON. */
  accept: z.enum(['image/*', 'application/json']).default('image/*'),
  aspect_ratio: z.enum(['16:9', '1:1', '21:9', '2:3', '3:2', '4:5', '5:4', '9:16', '9:21']).optional(),
  negative_prompt: z.string().max(10_000).optional(),
  /** SD 3.5 only, 1 to 10. */
  cfg_scale: z.number().min(1).max(10).optional(),
  style_preset: z.string().max(100).optional(),
  /** SD 3.5 has no webp. The service's default is png. */
  output_format: z.enum(['png', 'jpeg', 'webp']).optional(),
  ...serviceOptions({ concurrency: 4 }),
});
type Options = z.output<typeof optionsSchema>;

/** Seeds are 0 to 4294967294, and 0 asks for a random one: the two of ours outside become 1 and 4294967294. */
const seedOf = (seed: number): number => Math.min(Math.max(seed, 1), 4_294_967_294);

function formOf(options: Options, prompt: string, seed: number): FormData {
  const { model, aspect_ratio, negative_prompt, cfg_scale, style_preset, output_format, extra } = options;
  const fields = {
    prompt,
    seed: seedOf(seed),
    ...(model.startsWith('sd3') ? { model, mode: 'text-to-image' } : {}),
    ...given({ aspect_ratio, negative_prompt, cfg_scale, style_preset, output_format }),
    ...extra,
  };
  const form = new FormData();
  for (const [name, value] of Object.entries(fields))
    form.append(name, typeof value === 'string' ? value : JSON.stringify(value));
  return form;
}

/** `finish_reason` in JSON, the header `finish-reason` beside a file, as in the API reference. */
const success = z.object({ image: z.string().optional(), finish_reason: z.string() });
const failure = z.object({ name: z.string(), errors: z.array(z.string()).default([]) });

function generationOf(answer: ServiceAnswer, service: Service): Generation {
  if (!answer.ok) {
    const said = failure.safeParse(answer.json);
    // 403 stands for a missing permission too; the name tells them apart. The body of a moderated prompt, with name and
    // errors, is recorded in ZHO-ZHO-ZHO/ComfyUI-StableDiffusion3-API, issue 2, and says that nothing was charged.
    if (answer.status !== 403 || said.data?.name !== 'content_moderation') throw failureOf(answer, service);
    return { outcome: 'blocked', stage: 'input', reason: reasonOf(said.data.errors.join(' '), 'content_moderation') };
  }
  const json = success.safeParse(answer.json).data;
  const finish = json?.finish_reason ?? answer.headers.get('finish-reason') ?? 'SUCCESS';
  // The picture that comes along is blurred by the service: not the model's work, so it is not kept.
  if (finish === 'CONTENT_FILTERED')
    return { outcome: 'blocked', stage: 'output', reason: 'finish reason CONTENT_FILTERED', categories: [finish] };
  if (finish !== 'SUCCESS') throw unexpectedAnswer(service, 'finish reason SUCCESS or CONTENT_FILTERED', answer);
  if (json?.image) return { outcome: 'image', bytes: decodeBase64Image(json.image, service) };
  if (!answer.headers.get('content-type')?.startsWith('image/')) throw unexpectedAnswer(service, 'an image', answer);
  return { outcome: 'image', bytes: answer.bytes };
}

export default defineGenerator({
  name: 'stability',
  summary: 'Makes images with Stable Diffusion 3.5, Stable Image Core and Ultra over the API of Stability AI.',
  reference: 'https://platform.stability.ai/docs/api-reference',
  family: 'diffusion',
  // Core and Ultra are latent diffusion models of the same maker; their pages name SDXL and SD 3.5 as what they stand on.
  decoder: 'vae',
  simulated: false,
  options: optionsSchema,
  needs: (options) => ({ secrets: [options.keyName], hosts: hostsOf(options) }),

  create(options: Options, context: PluginContext) {
    const { keyName, accept, baseUrl, model } = options;
    const headers = { authorization: `Bearer ${context.secret(keyName)}`, accept };
    const service: Service = { name: 'Stability AI', context, keyName, headers };
    const url = joinUrl(baseUrl, `v2beta/stable-image/generate/${model.startsWith('sd3') ? 'sd3' : model}`);
    const metering = meteringOf('stability', options, [`stability/${model}`], {
      bytes: typicalBytes({ format: options.output_format ?? 'png' }),
    });
    return {
      ...metering,
      generate: oneByOne(metering.estimate, async ({ prompt, seed }, signal) =>
        generationOf(await callService(service, { url, form: formOf(options, prompt, seed) }, signal), service),
      ),
    };
  },
});
