import { defineGenerator, type PluginContext } from '@diptych/plugin-kit';
import { z } from 'zod';
import { callService, type Service } from '../shared/http/call-service.ts';
import { baseUrlOption, joinUrl, keyNameOption } from '../shared/http/endpoint.ts';
import { finishJob } from '../shared/http/job.ts';
import { readAnswer } from '../shared/http/read-answer.ts';
import {
  extraOption,
  hostsOf,
  kindOptions,
  meteringOf,
  oneByOne,
  pollSecondsOption,
  serviceOptions,
} from '../shared/http/service-options.ts';
import { modelKind, withKnownKind } from '../shared/known-models.ts';
import { isEnded, prediction, replicateGenerationOf } from '../shared/replicate/prediction.ts';

const optionsSchema = withKnownKind(
  z.strictObject({
    /** `owner/name` of a model that Replicate keeps ready, or `owner/name:version` of any other. */
    model: z.string().regex(/^[\w.-]+\/[\w.-]+(:[0-9a-f]{64})?$/, 'owner/name or owner/name:version'),
    baseUrl: baseUrlOption('https://api.replicate.com/v1'),
    keyName: keyNameOption('REPLICATE_API_TOKEN'),
    ...kindOptions,
    /** Inputs of the model by the names of its schema, such as `num_outputs` or `output_format`. */
    input: extraOption,
    /** Which input takes the prompt. */
    promptInput: z.string().min(1).max(100).default('prompt'),
    /** Which input takes the seed; null where the model has none. */
    seedInput: z.string().min(1).max(100).nullable().default('seed'),
    /** Seeds are taken modulo this plus one: many models take signed 32 bits. */
    maxSeed: z.int().min(1).max(4_294_967_295).default(2_147_483_647),
    /** How long the first request may be held open for the answer, 1 to 60. */
    waitSeconds: z.int().min(1).max(60).default(10),
    /**
     * When Replicate itself ends a prediction; bounds one whose creation was stopped before its id was known. Sent as
     * `Cancel-After` (replicate.com/changelog/2025-10-16-prediction-deadlines).
     */
    cancelAfter: z
      .string()
      .regex(/^\d+[smh]$/, 'such as 90s, 10m or 1h')
      .default('10m'),
    pollSeconds: pollSecondsOption(1),
    ...serviceOptions({ concurrency: 8 }),
  }),
);
type Options = z.output<typeof optionsSchema>;

export default defineGenerator({
  name: 'replicate',
  summary: 'Makes images with any text-to-image model on Replicate.',
  reference: 'https://replicate.com/docs/reference/http',
  /** Of the model that is chosen; see `traitsOf`. */
  family: 'diffusion',
  decoder: 'unknown',
  simulated: false,
  options: optionsSchema,
  traitsOf: (options) => ({ ...modelKind(options.model, options) }),
  needs: (options) => ({
    secrets: [options.keyName],
    hosts: hostsOf(options, ['replicate.delivery', '*.replicate.delivery']),
  }),

  create(options: Options, context: PluginContext) {
    const { baseUrl, keyName, pollSeconds, input, promptInput, seedInput, maxSeed, extra } = options;
    const headers = { authorization: `Bearer ${context.secret(keyName)}` };
    const service: Service = { name: 'Replicate', context, keyName, headers };
    const [model = '', version] = options.model.split(':');
    const url = joinUrl(baseUrl, version === undefined ? `models/${model}/predictions` : 'predictions');
    const start = { prefer: `wait=${options.waitSeconds}`, 'cancel-after': options.cancelAfter };
    const metering = meteringOf('replicate', options, [`replicate/${model}`]);
    return {
      ...metering,
      generate: oneByOne(metering.estimate, async ({ prompt, seed }, signal) => {
        const inputs = { ...input, [promptInput]: prompt, ...(seedInput && { [seedInput]: seed % (maxSeed + 1) }) };
        const json = { ...(version !== undefined && { version }), input: inputs, ...extra };
        const answer = await callService(service, { url, headers: start, json }, signal);
        let found = readAnswer(prediction, answer, service, 'a prediction');
        if (!isEnded(found)) {
          const own = joinUrl(baseUrl, `predictions/${found.id}`);
          const look = async () => {
            const seen = readAnswer(prediction, await callService(service, { url: own }, signal), service, 'a prediction');
            return isEnded(seen) ? seen : undefined;
          };
          const cancel = (time: AbortSignal) => callService(service, { url: `${own}/cancel`, method: 'POST' }, time);
          found = await finishJob({ pollSeconds, look, cancel }, signal);
        }
        const generation = await replicateGenerationOf(found, service, signal);
        if (generation.outcome !== 'image' || seedInput !== null) return generation;
        return { ...generation, warnings: ['The model takes no seed, so the image is not repeatable.'] };
      }),
    };
  },
});
