import { defineGenerator, type PluginContext } from '@diptych/plugin-kit';
import { z } from 'zod';
import { runTask } from '../shared/bfl/task.ts';
import type { Service } from '../shared/http/call-service.ts';
import { baseUrlOption, joinUrl, keyNameOption } from '../shared/http/endpoint.ts';
import { given, hostsOf, meteringOf, oneByOne, pollSecondsOption, serviceOptions } from '../shared/http/service-options.ts';
import { typicalBytes } from '../shared/typical-bytes.ts';

const optionsSchema = z.strictObject({
  /** The last part of the endpoint's path, such as flux-2-pro, flux-2-max, flux-pro-1.1, flux-kontext-pro. */
  model: z
    .string()
    .regex(/^[a-z0-9][a-z0-9.-]{0,99}$/)
    .default('flux-2-pro'),
  baseUrl: baseUrlOption('https://api.bfl.ai'),
  keyName: keyNameOption('BFL_API_KEY'),
  width: z.int().min(64).max(4096).optional(),
  height: z.int().min(64).max(4096).optional(),
  aspect_ratio: z.string().max(20).optional(),
  steps: z.int().min(1).max(100).optional(),
  guidance: z.number().min(0).max(100).optional(),
  /** 0 is the strictest; the most permissive is 5 or 6, depending on the model. The service's default is 2. */
  safety_tolerance: z.int().min(0).max(6).optional(),
  prompt_upsampling: z.boolean().optional(),
  output_format: z.enum(['jpeg', 'png', 'webp']).optional(),
  pollSeconds: pollSecondsOption(1),
  // 24 active tasks are allowed by default, 6 for Kontext Max.
  ...serviceOptions({ concurrency: 6 }),
});
type Options = z.output<typeof optionsSchema>;

/** FLUX.2 is charged by the megapixel; the table has the price of the first. */
const isOneMegapixel = ({ width = 1024, height = 1024 }: Options): boolean => width * height <= 2 ** 20;

export default defineGenerator({
  name: 'bfl',
  summary: 'Makes images with FLUX over the API of Black Forest Labs.',
  reference: 'https://docs.bfl.ai/api_integration/integration_guidelines',
  family: 'diffusion',
  decoder: 'vae',
  simulated: false,
  options: optionsSchema,
  needs: (options) => ({
    secrets: [options.keyName],
    hosts: hostsOf(options, ['*.bfl.ai', '*.bfl.ml', 'bfldeliveryprod.blob.core.windows.net']),
  }),

  create(options: Options, context: PluginContext) {
    const { model, baseUrl, keyName, pollSeconds, extra } = options;
    const { width, height, aspect_ratio, steps, guidance, safety_tolerance, prompt_upsampling, output_format } = options;
    const headers = { 'x-key': context.secret(keyName) };
    const service: Service = { name: 'Black Forest Labs', context, keyName, headers };
    const parameters = {
      ...given({ width, height, aspect_ratio, steps, guidance, safety_tolerance, prompt_upsampling, output_format }),
      ...extra,
    };
    const bytes = typicalBytes({ width, height, format: output_format ?? 'jpeg' });
    const priced = isOneMegapixel(options) ? model : `${model}/large`;
    const metering = meteringOf('bfl', options, [`bfl/${priced}`], { bytes });
    return {
      ...metering,
      generate: oneByOne(metering.estimate, ({ prompt, seed }, signal) => {
        const submission = { url: joinUrl(baseUrl, `v1/${model}`), json: { prompt, seed, ...parameters } };
        return runTask({ submission, baseUrl, pollSeconds }, prompt, service, signal);
      }),
    };
  },
});
