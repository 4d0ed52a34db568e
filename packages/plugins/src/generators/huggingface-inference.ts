import { defineGenerator, type PluginContext } from '@diptych/plugin-kit';
import { z } from 'zod';
import { callService, type Service } from '../shared/http/call-service.ts';
import { baseUrlOption, hostOf, joinUrl, keyNameOption } from '../shared/http/endpoint.ts';
import {
  given,
  hostsOf,
  kindOptions,
  meteringOf,
  oneByOne,
  pollSecondsOption,
  serviceOptions,
} from '../shared/http/service-options.ts';
import { generateThroughRouter } from '../shared/hugging-face/fal-route.ts';
import { providerModelOf } from '../shared/hugging-face/provider-model.ts';
import { providers } from '../shared/hugging-face/providers.ts';
import { modelKind, withKnownKind } from '../shared/known-models.ts';

const optionsSchema = withKnownKind(
  z.strictObject({
    /** Id on the Hub, such as black-forest-labs/FLUX.1-schnell. */
    model: z.string().regex(/^[\w.-]+\/[\w.-]+$/, 'owner/name'),
    provider: z.enum(['hf-inference', 'fal-ai', 'replicate', 'together', 'nscale']).default('hf-inference'),
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
    /** Between two looks at fal's queue. */
    pollSeconds: pollSecondsOption(1),
    ...serviceOptions({ concurrency: 4 }),
  }),
);
type Options = z.output<typeof optionsSchema>;

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
    const { model, provider, baseUrl, keyName, pollSeconds, extra } = options;
    const { negative_prompt, width, height, num_inference_steps, guidance_scale, scheduler } = options;
    const headers = { authorization: `Bearer ${context.secret(keyName)}` };
    const service: Service = { name: 'Hugging Face', context, keyName, headers };
    const parameters = {
      ...given({ negative_prompt, width, height, num_inference_steps, guidance_scale, scheduler }),
      ...extra,
    };
    const metering = meteringOf('huggingface', options, [`huggingface/${provider}/${model}`]);
    let name = options.providerModel ?? (provider === 'hf-inference' ? model : undefined);
    return {
      ...metering,
      generate: oneByOne(metering.estimate, async ({ prompt, seed }, signal) => {
        name ??= await providerModelOf(options, service, signal);
        const all = { seed, ...parameters };
        if (provider === 'fal-ai')
          return generateThroughRouter({ baseUrl, model: name, parameters: all, pollSeconds }, prompt, service, signal);
        const { path, ...request } = providers[provider].request(name, prompt, all);
        const answer = await callService(service, { url: joinUrl(baseUrl, `${provider}/${path}`), ...request }, signal);
        return providers[provider].read(answer, service, signal);
      }),
    };
  },
});
