import { defineGenerator, type Generation, type PluginContext } from '@diptych/plugin-kit';
import { z } from 'zod';
import { callService, failureOf, type Service, type ServiceAnswer } from '../shared/http/call-service.ts';
import { joinUrl } from '../shared/http/endpoint.ts';
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
import { extraOption, given, oneByOne } from '../shared/http/service-options.ts';
import { typicalBytes } from '../shared/typical-bytes.ts';

const optionsSchema = z.strictObject({
  /** Checkpoint by the title or name that the server lists; the one that is loaded where absent. */
  model: z.string().min(1).max(500).optional(),
  negative_prompt: z.string().max(10_000).optional(),
  width: z.int().min(64).max(8192).optional(),
  height: z.int().min(64).max(8192).optional(),
  steps: z.int().min(1).max(1000).optional(),
  cfg_scale: z.number().optional(),
  sampler_name: z.string().max(100).optional(),
  scheduler: z.string().max(100).optional(),
  /** Settings for this call only, by their names on the server. */
  override_settings: extraOption,
  /** Scripts of extensions, by their titles. */
  alwayson_scripts: extraOption,
  /** Stops the server's work when a call is stopped. It stops whatever runs, so set it to false on a shared server. */
  interruptOnAbort: z.boolean().default(true),
  ...diffusionOptions,
  // The server makes one image at a time behind a lock.
  ...localOptions({ baseUrl: 'http://127.0.0.1:7860', concurrency: 1 }),
});
type Options = z.output<typeof optionsSchema>;

/** Answers and errors as in AUTOMATIC1111/stable-diffusion-webui, modules/api/api.py (`text2imgapi`, `handle_exception`). */
const made = z.object({ images: z.array(z.string()).nullable(), info: z.string().default('{}') });
/** `nsfw` is what github.com/IOMisaka/sdapi-scripts adds; neither AUTOMATIC1111 nor SD.Next documents such a field of its own. */
const infoSchema = z.object({
  seed: z.number().optional(),
  extra_generation_params: z.looseObject({ nsfw: z.union([z.boolean(), z.array(z.boolean())]).optional() }).optional(),
});
const failure = z.object({ detail: z.unknown().optional(), errors: z.string().optional() });

function infoOf(text: string): z.output<typeof infoSchema> {
  try {
    return infoSchema.safeParse(JSON.parse(text)).data ?? {};
  } catch {
    // The picture is what counts; what is said about it may be in another form on a fork.
    return {};
  }
}

/** Other extensions that censor give a blurred or black picture without a word; core tells a black one apart. */
function generationOf(answer: ServiceAnswer, seed: number, service: Service): Generation {
  if (!answer.ok) {
    const { detail, errors } = failure.safeParse(answer.json).data ?? {};
    const said = [typeof detail === 'string' ? detail : JSON.stringify(detail ?? ''), errors].filter(Boolean).join(' ');
    throw failureOf(answer, service, (said || answer.excerpt).slice(0, 2000));
  }
  const { images, info } = readAnswer(made, answer, service, 'images');
  const { seed: used, extra_generation_params: parameters } = infoOf(info);
  if ([parameters?.nsfw].flat()[0])
    return {
      outcome: 'blocked',
      stage: 'output',
      reason: 'an extension of the server flagged the image as nsfw',
      categories: ['nsfw'],
    };
  const [first] = images ?? [];
  if (!first) return { outcome: 'empty', reason: 'answered without images' };
  const isOtherSeed = used !== undefined && used !== seed;
  return {
    outcome: 'image',
    bytes: decodeBase64Image(first, service),
    ...(isOtherSeed && { warnings: [`The server used seed ${used}, not ${seed}.`] }),
  };
}

export default defineGenerator({
  name: 'automatic1111',
  summary: 'Makes images on a server of AUTOMATIC1111, SD.Next or another with the same txt2img API.',
  reference: 'https://github.com/AUTOMATIC1111/stable-diffusion-webui/wiki/API',
  family: 'diffusion',
  decoder: 'vae',
  simulated: false,
  options: optionsSchema,
  traitsOf,
  needs: needsOfLocal,

  create(options: Options, context: PluginContext) {
    const { baseUrl, model, negative_prompt, width, height, steps, cfg_scale, sampler_name, scheduler } = options;
    const { override_settings, alwayson_scripts, extra, interruptOnAbort } = options;
    // `--api-auth user:password` is HTTP basic authentication.
    const service = localService('the txt2img server', options, context, 'Basic');
    const fixed = {
      ...given({ negative_prompt, width, height, steps, cfg_scale, sampler_name, scheduler }),
      override_settings: { ...given({ sd_model_checkpoint: model }), ...override_settings },
      alwayson_scripts,
      batch_size: 1,
      n_iter: 1,
      send_images: true,
      save_images: false,
      ...extra,
    };
    const metering = localMetering(
      'automatic1111',
      options,
      typicalBytes({ width: width ?? 512, height: height ?? 512, format: 'png' }),
    );
    const interrupt = () =>
      callService(service, { url: joinUrl(baseUrl, 'sdapi/v1/interrupt'), method: 'POST' }, AbortSignal.timeout(5000));
    return {
      ...metering,
      generate: oneByOne(metering.estimate, async ({ prompt, seed }, signal) => {
        const request = { url: joinUrl(baseUrl, 'sdapi/v1/txt2img'), json: { prompt, seed, ...fixed } };
        try {
          return generationOf(await callService(service, request, signal), seed, service);
        } catch (error) {
          // Best effort: the reason of the stop is what the caller hears.
          if (signal.aborted && interruptOnAbort) await interrupt().catch(() => undefined);
          throw error;
        }
      }),
    };
  },
});
