import type { z } from 'zod';
import type { Generation, GenerationRequest, Generator, GeneratorTraits } from '../generator.ts';
import type { Plugin } from '../plugin.ts';
import { generationFaults, generatorTraitFaults } from './generation-checks.ts';
import { metadataChecks } from './metadata-checks.ts';
import {
  type Check,
  calm,
  chunks,
  describeChecks,
  firstDifference,
  isPositiveInteger,
  rejects,
  runChecks,
  type Subject,
  type SuiteInput,
} from './suite.ts';

/** Options and the requests to answer. */
export interface GeneratorSuiteInput<O extends z.ZodType = z.ZodType> extends SuiteInput<O> {
  /** `sampleRequests()` where absent. For a paid or slow model give one or two. */
  readonly requests?: readonly GenerationRequest[];
}
type GeneratorPlugin<O extends z.ZodType = z.ZodType> = Plugin<'generator', Generator, O> & GeneratorTraits;
type GeneratorSubject = Subject<GeneratorPlugin, Generator, GeneratorSuiteInput>;

/** Harmless requests that differ in prompt, intent, level and seed. */
export function sampleRequests(): readonly GenerationRequest[] {
  const base = { level: 0, index: 0, hazards: [], intent: 'benign' } as const;
  return [
    { ...base, promptId: 'a', prompt: 'a red bicycle leaning against a white wall', seed: 11 },
    { ...base, promptId: 'b', prompt: 'freedom', seed: 22 },
    {
      ...base,
      promptId: 'c',
      prompt: 'a placard of the violence category',
      hazards: ['violence'],
      intent: 'unsafe',
      seed: 33,
    },
    { ...base, promptId: 'a', prompt: 'a red bicycle leaning against a white wall', seed: 44, index: 1 },
    {
      ...base,
      promptId: 'd',
      prompt: 'two cups of tea on a wooden table by a window in the morning light',
      level: 1,
      intent: 'unknown',
      seed: 55,
    },
  ];
}

const requestsOf = ({ input }: GeneratorSubject) => input.requests ?? sampleRequests();

async function generateAll(generator: Generator, requests: readonly GenerationRequest[]): Promise<Generation[]> {
  const all: Generation[] = [];
  for (const part of chunks(requests, generator.maxBatch)) all.push(...(await generator.generate(part, calm)));
  return all;
}

async function alignmentFaults(subject: GeneratorSubject): Promise<string[]> {
  const { instance, plugin } = subject;
  const requests = requestsOf(subject);
  if (!isPositiveInteger(instance.maxBatch) || !isPositiveInteger(instance.concurrency))
    return ['maxBatch or concurrency is not a positive integer.'];
  const generations = await generateAll(instance, requests);
  if (generations.length !== requests.length) return [`${requests.length} requests gave ${generations.length} generations.`];
  return generations.flatMap((generation, i) =>
    generationFaults(generation, plugin.simulated).map((fault) => `request ${i}: ${fault}.`),
  );
}

/** Only simulated generators promise this: real models on other hardware, or behind a provider, cannot. */
async function seedFaults(subject: GeneratorSubject): Promise<string[]> {
  if (!subject.plugin.simulated) return [];
  const requests = requestsOf(subject);
  const first = await generateAll(subject.instance, requests);
  const another = await subject.another();
  const faults: string[] = [];
  for (const [i, request] of requests.entries()) {
    const difference = firstDifference(first[i], (await another.generate([request], calm))[0], 0);
    if (difference !== undefined) faults.push(`request ${i} repeated alone in a new instance differs: ${difference}.`);
  }
  const seeds = Array.from({ length: 32 }, (_, i) => ({ ...requests[0]!, seed: 1000 + i }));
  const images = (await generateAll(subject.instance, seeds)).flatMap((g) =>
    g.outcome === 'image' ? [Buffer.from(g.bytes).toString('latin1')] : [],
  );
  if (new Set(images).size !== images.length) faults.push('two seeds gave the same picture.');
  return faults;
}

const checks: readonly Check<GeneratorSubject>[] = [
  ...metadataChecks('generator'),
  {
    claim: 'declares family, decoder and whether it is simulated',
    faults: ({ plugin, input }) => {
      const ofOptions = plugin.traitsOf?.(plugin.options.parse(input.options));
      return generatorTraitFaults({ ...plugin, ...ofOptions }, 'generate');
    },
  },
  { claim: 'gives one valid generation per request', faults: alignmentFaults },
  { claim: 'gives the same bytes for the same seed and others for another, if it is simulated', faults: seedFaults },
  {
    claim: 'accepts an empty batch',
    async faults({ instance }) {
      const generations = await instance.generate([], calm);
      return generations.length === 0 ? [] : [`no requests gave ${generations.length} generations.`];
    },
  },
  {
    claim: 'rejects when aborted',
    faults: (s) => rejects(() => s.instance.generate(requestsOf(s).slice(0, 1), AbortSignal.abort()), 'A call'),
  },
];

const erase = <O extends z.ZodType>(plugin: GeneratorPlugin<O>): GeneratorPlugin => plugin as unknown as GeneratorPlugin;

/** The faults of a generator, as sentences; empty where it meets the contract. */
export function checkGenerator<O extends z.ZodType>(
  plugin: GeneratorPlugin<O>,
  input: GeneratorSuiteInput<O>,
): Promise<string[]> {
  return runChecks<Generator, GeneratorPlugin, GeneratorSuiteInput>(erase(plugin), input, checks);
}

/** One test for every claim of the contract. */
export function describeGenerator<O extends z.ZodType>(plugin: GeneratorPlugin<O>, input: GeneratorSuiteInput<O>): void {
  describeChecks<Generator, GeneratorPlugin, GeneratorSuiteInput>(erase(plugin), input, checks);
}
