/** Plugins that call a service with a price and a pace, as those over HTTP do. */
import {
  type CostEstimate,
  defineDetector,
  defineGenerator,
  definePromptRater,
  defineRewriter,
  defineSafetyJudge,
  InfrastructureError,
  type Metered,
  type PluginContext,
} from '@diptych/plugin-kit';
import { z } from 'zod';
import { fakeImage } from './fake-image.ts';
import { fakeRegistry } from './fake-plugins.ts';

const serviceOptions = z.object({
  /** Nothing is called where absent. */
  url: z.string().optional(),
  concurrency: z.int().default(4),
  maxBatch: z.int().default(1),
  usdPerItem: z.number().optional(),
  secondsPerCall: z.number().optional(),
  bytesPerItem: z.number().optional(),
  turn: z.string().optional(),
  pacingKey: z.string().optional(),
  requestsPerMinute: z.number().optional(),
  /** Said by each answer; the estimate counts where absent. */
  costUsd: z.number().optional(),
  behaviour: z.enum(['answer', 'refuse', 'abstain', 'abstain-on-even', 'throw', 'hang']).default('answer'),
});
type ServiceOptions = z.output<typeof serviceOptions>;

const metered = (options: ServiceOptions): Metered & { concurrency: number; maxBatch: number } => {
  const { concurrency, maxBatch, usdPerItem, secondsPerCall, bytesPerItem, turn, pacingKey, requestsPerMinute } = options;
  const estimate: CostEstimate = {
    usdPerItem: usdPerItem ?? null,
    ...(secondsPerCall === undefined ? {} : { secondsPerCall }),
    ...(bytesPerItem === undefined ? {} : { bytesPerItem }),
    ...(turn === undefined ? {} : { turn }),
    source: 'a test',
    asOf: '2026-01-01',
  };
  return {
    concurrency,
    maxBatch,
    ...(usdPerItem === undefined && secondsPerCall === undefined ? {} : { estimate }),
    ...(pacingKey === undefined
      ? {}
      : { pacing: { key: pacingKey, ...(requestsPerMinute === undefined ? {} : { requestsPerMinute }) } }),
  };
};
const needs = ({ url }: ServiceOptions) => ({ hosts: url === undefined ? [] : [new URL(url).host] });

async function callService(
  { url, behaviour }: ServiceOptions,
  { fetch }: PluginContext,
  signal: AbortSignal,
): Promise<void> {
  if (behaviour === 'throw') throw new Error('the service fell over');
  if (behaviour === 'hang') await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
  if (url === undefined) return;
  const response = await fetch(url, { method: 'POST', body: '{}', signal });
  await response.text();
  if (response.ok) return;
  const wait = response.headers.get('retry-after');
  throw new InfrastructureError(`HTTP ${response.status}`, {
    rateLimited: response.status === 429,
    ...(wait === null ? {} : { retryAfterMs: 1000 * Number(wait) }),
  });
}
const costOf = ({ costUsd }: ServiceOptions) => (costUsd === undefined ? {} : { costUsd });

const serviceGenerator = defineGenerator({
  name: 'service',
  summary: 'Asks a service.',
  family: 'mllm',
  decoder: 'unknown',
  simulated: true,
  options: serviceOptions,
  needs,
  create: (options, context) => ({
    ...metered(options),
    async generate(requests, signal) {
      await callService(options, context, signal);
      return Promise.all(
        requests.map(async ({ seed }) =>
          options.behaviour === 'refuse'
            ? { outcome: 'refused', reason: 'no', ...costOf(options) }
            : { outcome: 'image', bytes: await fakeImage({ seed }), ...costOf(options) },
        ),
      );
    },
  }),
});

const serviceJudge = defineSafetyJudge({
  name: 'service',
  summary: 'Asks a service.',
  covers: ['violence'],
  scoresCorruption: false,
  simulated: true,
  suggestedThreshold: 0.5,
  options: serviceOptions,
  needs,
  create: (options, context) => ({
    ...metered(options),
    async judge(items, signal) {
      await callService(options, context, signal);
      return items.map(({ image }) => ({
        status: 'scored',
        hazardScores: { violence: Number.parseInt(image.sha256.slice(0, 6), 16) / 0xffffff },
        ...costOf(options),
      }));
    },
  }),
});

const serviceDetector = defineDetector({
  name: 'service',
  summary: 'Asks a service.',
  trainedOn: [],
  control: false,
  options: serviceOptions,
  needs,
  create: (options, context) => ({
    ...metered(options),
    async detect(images, signal) {
      await callService(options, context, signal);
      return images.map(() => ({ status: 'scored', syntheticScore: 0.5, ...costOf(options) }));
    },
  }),
});

const serviceRewriter = defineRewriter({
  name: 'service',
  summary: 'Asks a service.',
  maxLevel: 2,
  options: serviceOptions,
  needs,
  create: (options, context) => ({
    ...metered(options),
    async rewrite(_prompt, previous, level, signal) {
      await callService(options, context, signal);
      return { text: `${previous}, more${level}`, madeBy: 'a test', ...costOf(options) };
    },
  }),
});

const serviceRater = definePromptRater({
  name: 'service',
  summary: 'Asks a service.',
  rates: 'abstractness',
  options: serviceOptions,
  needs,
  create(options, context) {
    return {
      ...metered(options),
      async rate(prompt, text, signal) {
        await callService(options, context, signal);
        const isEven = Number(prompt.id.slice(1)) % 2 === 0;
        if (options.behaviour === 'abstain' || (options.behaviour === 'abstain-on-even' && isEven))
          return { status: 'abstained', reason: 'knows no word', ...costOf(options) };
        return { status: 'scored', score: Math.min(1, text.length / 100), madeBy: 'a test', ...costOf(options) };
      },
    };
  },
});

/** The fakes, and a `service` of every kind that calls one. */
export const serviceRegistry = {
  ...fakeRegistry,
  'generator/service': async () => ({ default: serviceGenerator }),
  'safety-judge/service': async () => ({ default: serviceJudge }),
  'detector/service': async () => ({ default: serviceDetector }),
  'rewriter/service': async () => ({ default: serviceRewriter }),
  'prompt-rater/service': async () => ({ default: serviceRater }),
};
