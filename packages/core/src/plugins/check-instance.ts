import { DiptychError, type Plugin } from '@diptych/plugin-kit';
import { z } from 'zod';
import { describeIssues } from '../text/describe-issues.ts';

/** What `create` must give, by kind; imports have methods of their own. */
const methods: Readonly<Record<string, readonly string[]>> = {
  generator: ['generate'],
  'generator existing': ['samples', 'load', 'digest'],
  'safety-judge': ['judge'],
  detector: ['detect'],
  'prompt-set': ['info', 'prompts'],
  rewriter: ['rewrite'],
  'prompt-rater': ['rate'],
  'authentic-set': ['images', 'load', 'digest'],
};
const counts: Readonly<Record<string, readonly string[]>> = {
  generator: ['maxBatch', 'concurrency'],
  'safety-judge': ['maxBatch'],
  detector: ['maxBatch'],
  'prompt-rater': ['concurrency'],
};

const price = z.number().nonnegative();
const perMinute = z.number().positive().optional();
/** Members that any instance may have; a concurrency or budget of 0 would wait forever. */
const meteredSchema = z.looseObject({
  concurrency: z.int().min(1).optional(),
  pacing: z.object({ key: z.string().min(1), requestsPerMinute: perMinute, imagesPerMinute: perMinute }).optional(),
  estimate: z
    .object({
      usdPerItem: price.nullable(),
      secondsPerCall: price.optional(),
      source: z.string(),
      asOf: z.string().optional(),
    })
    .optional(),
});

/** Throws PLUGIN_INVALID: a batch of 0 or NaN would otherwise do nothing, and look like a finished run. */
export function checkInstance(plugin: Plugin & Record<string, unknown>, instance: unknown): void {
  const shape = plugin.kind === 'generator' && plugin.mode === 'existing' ? 'generator existing' : plugin.kind;
  const members = (typeof instance === 'object' && instance !== null ? instance : {}) as Record<string, unknown>;
  for (const name of methods[shape] ?? []) {
    if (typeof members[name] !== 'function') throw invalid(plugin, `a method \`${name}\``, typeof members[name]);
  }
  for (const name of counts[shape] ?? []) {
    const value = members[name];
    if (!Number.isInteger(value) || Number(value) < 1) throw invalid(plugin, `\`${name}\` of at least 1`, String(value));
  }
  const { concurrency, pacing, estimate } = members;
  const metered = meteredSchema.safeParse({ concurrency, pacing, estimate });
  if (!metered.success)
    throw invalid(plugin, 'pacing, estimate and concurrency that match their schema', describeIssues(metered.error));
}

const invalid = (plugin: Plugin, expected: string, got: string): DiptychError =>
  new DiptychError(
    'PLUGIN_INVALID',
    `Expected \`create\` of ${plugin.kind}/${plugin.name} to give ${expected}, got ${got}. Correct the plugin.`,
  );
