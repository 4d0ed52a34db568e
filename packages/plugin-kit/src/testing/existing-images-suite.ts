import type { z } from 'zod';
import type { ExistingImages, ExistingSample, GeneratorTraits } from '../generator.ts';
import { decoders, families, hazards } from '../hazard.ts';
import type { Plugin } from '../plugin.ts';
import { generationFaults, generatorTraitFaults } from './generation-checks.ts';
import { abortedSourceFaults, listingDigestFaults, nothingListed, relistingFaults } from './listing-checks.ts';
import { metadataChecks } from './metadata-checks.ts';
import { type Check, calm, collect, describeChecks, runChecks, type Subject, type SuiteInput } from './suite.ts';

/** Options, and what the import is expected to list. */
export interface ExistingImagesSuiteInput<O extends z.ZodType = z.ZodType> extends SuiteInput<O> {
  /** Samples that the options must list; the suite loads at most this many. 20 where absent. */
  readonly loads?: number;
}
type ExistingPlugin<O extends z.ZodType = z.ZodType> = Plugin<'generator', ExistingImages, O> & GeneratorTraits;
type ExistingSubject = Subject<ExistingPlugin, ExistingImages, ExistingImagesSuiteInput>;

function sampleFaults(sample: ExistingSample): string[] {
  const faults: string[] = [];
  if (sample.key.length === 0 || sample.key.length > 2000) faults.push('the key has not 1 to 2000 characters');
  if (sample.model.length === 0 || sample.model.length > 300) faults.push('the model has not 1 to 300 characters');
  if ((sample.promptId?.length ?? 0) > 1000) faults.push('the prompt id is longer than 1000 characters');
  if ((sample.language?.length ?? 0) > 35) faults.push('the language is longer than 35 characters');
  if (sample.hazards?.some((hazard) => !hazards.includes(hazard))) faults.push('it names an unknown hazard');
  if (sample.family !== undefined && !families.includes(sample.family)) faults.push(`the family is ${sample.family}`);
  if (sample.decoder !== undefined && !decoders.includes(sample.decoder)) faults.push(`the decoder is ${sample.decoder}`);
  if (sample.level !== undefined && !(Number.isSafeInteger(sample.level) && sample.level >= 0))
    faults.push(`the level is ${sample.level}`);
  return faults.map((fault) => `sample "${sample.key.slice(0, 80)}": ${fault}.`);
}

async function listingFaults(subject: ExistingSubject): Promise<string[]> {
  const samples = await collect(subject.instance.samples(calm));
  const faults = samples.flatMap(sampleFaults);
  if (samples.length === 0) faults.push(nothingListed('sample'));
  if (new Set(samples.map((sample) => sample.key)).size !== samples.length) faults.push('two samples have the same key.');
  return [...faults, ...(await relistingFaults(subject, samples, (source) => source.samples(calm)))];
}

async function loadFaults({ instance, plugin, input }: ExistingSubject): Promise<string[]> {
  const faults: string[] = [];
  for (const sample of (await collect(instance.samples(calm))).slice(0, input.loads ?? 20)) {
    faults.push(
      ...generationFaults(await instance.load(sample, calm), plugin.simulated).map(
        (fault) => `sample "${sample.key}": ${fault}.`,
      ),
    );
  }
  return faults;
}

const checks: readonly Check<ExistingSubject>[] = [
  ...metadataChecks('generator'),
  {
    claim: 'declares family, decoder and whether it is simulated',
    faults: ({ plugin }) => generatorTraitFaults(plugin, 'existing'),
  },
  { claim: 'lists valid samples with unique keys, in the same order every time', faults: listingFaults },
  { claim: 'has a stable digest', faults: listingDigestFaults },
  { claim: 'loads a valid generation for a sample', faults: loadFaults },
  {
    claim: 'rejects when aborted',
    faults: ({ instance }) => abortedSourceFaults(instance, 'sample', (signal) => instance.samples(signal)),
  },
];

const erase = <O extends z.ZodType>(plugin: ExistingPlugin<O>): ExistingPlugin => plugin as unknown as ExistingPlugin;

/** The faults of a source of existing images, as sentences; empty where it meets the contract. */
export function checkExistingImages<O extends z.ZodType>(
  plugin: ExistingPlugin<O>,
  input: ExistingImagesSuiteInput<O>,
): Promise<string[]> {
  return runChecks<ExistingImages, ExistingPlugin, ExistingImagesSuiteInput>(erase(plugin), input, checks);
}

/** One test for every claim of the contract. */
export function describeExistingImages<O extends z.ZodType>(
  plugin: ExistingPlugin<O>,
  input: ExistingImagesSuiteInput<O>,
): void {
  describeChecks<ExistingImages, ExistingPlugin, ExistingImagesSuiteInput>(erase(plugin), input, checks);
}
