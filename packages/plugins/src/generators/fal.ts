import { defineGenerator, type PluginContext } from '@diptych/plugin-kit';
import { z } from 'zod';
import { generateOnFal } from '../shared/fal/queue.ts';
import type { Service } from '../shared/http/call-service.ts';
import { baseUrlOption, joinUrl, keyNameOption } from '../shared/http/endpoint.ts';
import {
  given,
  hostsOf,
  kindOptions,
  meteringOf,
  oneByOne,
  pollSecondsOption,
  serviceOptions,
} from '../shared/http/service-options.ts';
import { modelKind, withKnownKind } from '../shared/known-models.ts';
import { typicalBytes } from '../shared/typical-bytes.ts';

const optionsSchema = withKnownKind(
  z.strictObject({
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
  }),
);
type Options = z.output<typeof optionsSchema>;

const submitted = z.object({ request_id: z.string().regex(/^[\w-]+$/) });

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
    // Requests live under the application, which is the first two parts of an endpoint, three in these two namespaces
    // (fal-ai/fal-js, libs/client/src/utils.ts).
    const depth = /^(workflows|comfy)\//.test(model) ? 3 : 2;
    const requests = joinUrl(baseUrl, `${model.split('/').slice(0, depth).join('/')}/requests`);
    const hasKnownSize = typeof image_size !== 'object';
    const bytes = typicalBytes({ ...(typeof image_size === 'object' && image_size), format: output_format });
    const priced = hasKnownSize ? model : `${model}/custom size`;
    const metering = meteringOf('fal', options, [`fal/${priced}`], { bytes });
    return {
      ...metering,
      generate: oneByOne(metering.estimate, ({ prompt, seed }, signal) =>
        generateOnFal(
          {
            submission: { url: joinUrl(baseUrl, model), json: { prompt, seed, ...input } },
            submitted,
            addressesOf: ({ request_id }) => {
              const own = `${requests}/${request_id}`;
              return { status: `${own}/status`, result: own, cancel: `${own}/cancel` };
            },
            pollSeconds,
          },
          prompt,
          service,
          signal,
        ),
      ),
    };
  },
});
