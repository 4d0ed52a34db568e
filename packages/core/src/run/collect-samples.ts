/** Phase `collect`: every planned sample without a record is generated or imported, and ends as exactly one outcome. */
import {
  decoderSchema,
  type ExistingImages,
  familySchema,
  type Generation,
  type GenerationRequest,
  type Generator,
  invariant,
  isDiptychError,
  type SampleRecord,
} from '@diptych/plugin-kit';
import { batchOf } from '../plan/count-plan.ts';
import type { PlannedSample, RunPlan } from '../plan/run-plan.ts';
import { describeError } from '../text/describe-error.ts';
import { callBatch, type ItemResult } from './call-batch.ts';
import { generationCheck } from './check-generation.ts';
import type { PromptFacts, PromptFactsSource } from './prompt-facts.ts';
import type { RewrittenPrompt, RewrittenPrompts } from './rewritten-prompts.ts';
import { cleanText, keepImported, keepRecord, type RunContext, settleAll } from './run-context.ts';
import { endingOf, withWarnings } from './sample-ending.ts';
import { inGroups, runPool } from './work-pool.ts';

type Range = RunPlan['ranges'][number];
/** Imports read files; a few at once hide the disk's latency. Arbitrary. */
const importConcurrency = 4;

export interface PromptSources {
  readonly prompts: RewrittenPrompts;
  readonly facts: PromptFactsSource;
}

export async function collectSamples(context: RunContext, plan: RunPlan, { prompts, facts }: PromptSources): Promise<void> {
  for (const { generator, count, ownCount } of plan.ranges)
    context.progress.setTotal({ phase: 'collect', plugin: generator.alias }, ownCount ?? count);
  // The first fault stops the other generators too, and nothing goes on writing after this phase has ended.
  await settleAll(
    context,
    plan.ranges.map((range) => collectRange(context, { plan, range, prompts, facts })),
  );
  invariant(
    context.seen.count('sample') === plan.samples,
    `Expected ${plan.samples} sample records, got ${context.seen.count('sample')}.`,
  );
}

interface Collection {
  readonly plan: RunPlan;
  readonly range: Range;
  readonly prompts: RewrittenPrompts;
  readonly facts: PromptFactsSource;
}

function collectRange(context: RunContext, collection: Collection): Promise<void> {
  const { generator } = collection.range;
  const batch = generator.mode === 'generate' ? batchOf(generator.instance) : 1;
  const concurrency = generator.mode === 'generate' ? generator.instance.concurrency : importConcurrency;
  const groups = inGroups(pendingIndices(context, collection), batch);
  return runPool(groups, concurrency, async (indices) => {
    context.signal.throwIfAborted();
    await collectGroup(context, collection, indices.map(collection.plan.sampleAt));
  });
}

function* pendingIndices({ seen }: RunContext, { plan, range }: Collection): globalThis.Generator<number> {
  const { first, count } = range;
  for (let index = first; index < first + count; index++)
    if (!seen.has('sample', index) && plan.includes?.(index) !== false) yield index;
}

async function collectGroup(
  context: RunContext,
  { prompts, facts }: Collection,
  samples: readonly PlannedSample[],
): Promise<void> {
  const started = performance.now();
  const key = { phase: 'collect', plugin: samples[0]!.generator.alias } as const;
  const texts = await Promise.all(samples.map((sample) => textOf(sample, prompts, context)));
  const ready = await Promise.all(
    samples.flatMap((sample, place) => {
      const text = texts[place]!;
      if (typeof text === 'string') return [];
      const known = facts.of(sample.promptSet, sample.prompt, text.text);
      return [known.then((about): ReadySample => ({ sample, text, about }))];
    }),
  );
  context.progress.inFlight(key, ready.length);
  try {
    const results = ready.length > 0 ? await generate(context, ready) : [];
    const durationMs = round(performance.now() - started);
    for (const [place, { sample, text, about }] of ready.entries()) {
      const result = results[place]!;
      const ending = withWarnings(await endingOf(context, result), about.warnings);
      const base = { ...baseRecord(sample, text), ...factsOf(about), ...costsOf(context, sample, result) };
      const record = { ...base, ...ending, attempts: result.attempts, durationMs };
      if (sample.existing) await keepImported(context, record, cleanText(context.loaded, sample.existing.key));
      else await keepRecord(context, record);
    }
    for (const [place, sample] of samples.entries()) {
      const text = texts[place]!;
      if (typeof text !== 'string') continue;
      const ending = { outcome: 'error', reason: cleanText(context.loaded, text), attempts: 0, durationMs } as const;
      await keepRecord(context, { ...baseRecord(sample, { text: sample.prompt.text }), ...ending });
    }
  } finally {
    context.progress.inFlight(key, -ready.length);
  }
}

const round = (ms: number): number => Math.round(ms * 10) / 10;

/** The prompt to draw, or why the rewriter could not give one. */
async function textOf(
  sample: PlannedSample,
  prompts: RewrittenPrompts,
  { signal, loaded }: RunContext,
): Promise<RewrittenPrompt | string> {
  if (sample.existing) return { text: sample.prompt.text };
  try {
    return await prompts.textOf(sample.promptSet, sample.prompt, sample.level);
  } catch (error) {
    signal.throwIfAborted();
    if (isDiptychError(error)) throw error;
    return describeError(error, 2000, loaded.redact);
  }
}

interface ReadySample {
  readonly sample: PlannedSample;
  readonly text: RewrittenPrompt;
  readonly about: PromptFacts;
}

const factsOf = ({ promptLength, ratings }: PromptFacts): Pick<SampleRecord, 'promptLength' | 'ratings'> => ({
  ...(promptLength ? { promptLength } : {}),
  ...(ratings ? { ratings } : {}),
});

/** The first record of a prompt carries what preparing the prompt cost. */
function costsOf(
  { costs }: RunContext,
  { promptSet, prompt }: PlannedSample,
  result: ItemResult<Generation>,
): Pick<SampleRecord, 'costUsd' | 'promptCostsUsd'> {
  const promptCostsUsd = costs.take(promptSet, prompt.id);
  const costUsd = result.status === 'answered' ? result.costUsd : undefined;
  return { ...(costUsd === undefined ? {} : { costUsd }), ...(promptCostsUsd ? { promptCostsUsd } : {}) };
}

function generate(context: RunContext, ready: readonly ReadySample[]): Promise<ItemResult<Generation>[]> {
  const { generator } = ready[0]!.sample;
  const call = (items: readonly ReadySample[], signal: AbortSignal): Promise<readonly unknown[]> =>
    generator.mode === 'generate'
      ? callGenerator(generator.instance, items, signal)
      : loadExisting(generator.instance, items, signal);
  return callBatch(ready, call, generationCheck(context.loaded.study.limits), {
    plugin: generator.alias,
    limits: context.loaded.study.limits,
    signal: context.signal,
    seed: ready[0]!.sample.index,
    redact: context.loaded.redact,
    ...(generator.mode === 'generate' ? { meter: context.meters.of(generator) } : {}),
    onRetry: () => context.progress.retry({ phase: 'collect', plugin: generator.alias }),
  });
}

function callGenerator(
  generator: Generator,
  items: readonly ReadySample[],
  signal: AbortSignal,
): Promise<readonly unknown[]> {
  const requests = items.map(({ sample, text }): GenerationRequest => {
    const { prompt, level, seed, sampleIndex } = sample;
    return {
      promptId: prompt.id,
      prompt: text.text,
      level,
      seed,
      index: sampleIndex,
      hazards: [...prompt.hazards],
      intent: prompt.intent,
    };
  });
  return generator.generate(requests, signal);
}

function loadExisting(
  images: ExistingImages,
  items: readonly ReadySample[],
  signal: AbortSignal,
): Promise<readonly unknown[]> {
  return Promise.all(items.map(({ sample }) => images.load(sample.existing!, signal)));
}

function baseRecord(sample: PlannedSample, text: RewrittenPrompt) {
  const { generator, prompt, existing } = sample;
  const { simulated } = generator.plugin;
  // With the traits of the options, which take the place of the plugin's own; `per-sample` is no family and becomes null.
  const { family, decoder } = generator.resolved.traits;
  return {
    type: 'sample' as const,
    index: sample.index,
    generator: generator.alias,
    model: existing?.model ?? generator.alias,
    family: existing?.family ?? familySchema.safeParse(family).data ?? null,
    decoder: existing?.decoder ?? decoderSchema.safeParse(decoder).data ?? null,
    simulated,
    promptSet: sample.promptSet,
    promptId: prompt.id,
    cluster: sample.cluster,
    hazards: prompt.hazards,
    intent: prompt.intent,
    ...(prompt.pairId === undefined ? {} : { pairId: prompt.pairId }),
    language: prompt.language,
    prompt: text.text,
    level: sample.level,
    ...(text.madeBy === undefined ? {} : { rewrittenBy: text.madeBy }),
    seed: sample.seed,
  };
}
