import { DiptychError, type ExistingSample, type Prompt, type ResolvedPlugin } from '@diptych/plugin-kit';
import type { LoadedPlugin, LoadedStudy } from '../plugins/loaded-study.ts';
import { redactError } from '../text/redact-error.ts';
import { isPermissive, termsOf } from '../weights/licences.ts';
import { checkAuthentic, checkListed, checkPrompt } from './check-listed.ts';
import { countPlan } from './count-plan.ts';
import { ListDigest, ofImage, ofSample } from './list-digest.ts';
import { type PlannedPrompt, type Range, sampleAt } from './planned-sample.ts';
import { asked, checkFacts, digestSchema, listed, promptFactsSchema } from './read-source.ts';
import type { PlannedAuthentic, RunPlan } from './run-plan.ts';

/** Reads prompts and listings and numbers everything. Calls no generator, judge or detector. */
export async function planRun(loaded: LoadedStudy, signal: AbortSignal = new AbortController().signal): Promise<RunPlan> {
  try {
    return await plan(loaded, signal);
  } catch (error) {
    throw redactError(error, loaded.redact);
  }
}

async function plan(loaded: LoadedStudy, signal: AbortSignal): Promise<RunPlan> {
  const facts = new Map<LoadedPlugin, Partial<ResolvedPlugin>>();
  const prompts = await readPrompts(loaded, facts, signal);
  await checkPromptLicences(loaded, facts);
  const ranges = await numberGenerators(loaded, prompts.length, { facts, signal });
  const authentic = await readAuthentic(loaded, facts, signal);
  checkProtocols(loaded, authentic.length);
  const last = ranges.at(-1);
  const samples = last ? last.first + last.count : 0;
  const all = [
    ...loaded.promptSets,
    ...(loaded.rewriter ? [loaded.rewriter] : []),
    ...loaded.promptRaters,
    ...loaded.generators,
    ...loaded.authenticSets,
    ...loaded.judges,
    ...loaded.detectors,
  ];
  return {
    samples,
    ranges,
    authentic,
    sampleAt: (index) => sampleAt(index, { ranges, prompts, loaded }),
    counts: countPlan(loaded, {
      ranges,
      prompts: prompts.length,
      authentic: authentic.length,
      samples,
      importedPrompts: countImportedPrompts(ranges),
    }),
    plugins: loaded.resolved.map((entry) => ({ ...entry, ...facts.get(all.find((plugin) => plugin.resolved === entry)!) })),
  };
}

function countImportedPrompts(ranges: readonly Range[]): number {
  const texts = ranges.flatMap(({ generator, listing = [] }) =>
    listing.flatMap(({ prompt, promptId }) => (prompt ? [JSON.stringify([generator.alias, promptId, prompt])] : [])),
  );
  return new Set(texts).size;
}

function checkProtocols({ study }: LoadedStudy, authentic: number): void {
  if (authentic > 0 || study.detectors.length === 0 || !study.protocols.includes('fakes-matched')) return;
  throw new DiptychError(
    'STUDY_INVALID',
    'Expected authentic images for protocol fakes-matched, the study has none to match. Name an authentic set, or leave the protocol out.',
  );
}

async function readPrompts(
  loaded: LoadedStudy,
  facts: Map<LoadedPlugin, Partial<ResolvedPlugin>>,
  signal: AbortSignal,
): Promise<PlannedPrompt[]> {
  const prompts: PlannedPrompt[] = [];
  for (const plugin of loaded.promptSets) {
    const ids = new Set<string>();
    const list = new ListDigest();
    for await (const given of listed(plugin, plugin.instance.prompts(signal), { signal, sizeOf: promptSize })) {
      const prompt = checkPrompt(plugin.alias, given);
      if (ids.has(prompt.id)) {
        throw new DiptychError(
          'PROMPTS_INVALID',
          `Expected unique prompt ids in ${plugin.alias}, ${JSON.stringify(prompt.id)} occurs twice. Give each prompt its own id.`,
        );
      }
      ids.add(prompt.id);
      list.add(prompt);
      prompts.push({ set: plugin.alias, prompt });
    }
    const info = await asked(plugin, () => plugin.instance.info(signal));
    const { digest, duplicates, licence, unmappedLabels } = checkFacts(plugin.alias, promptFactsSchema, info);
    const listDigest = list.hex();
    const labels = unmappedLabels ? { unmappedLabels } : {};
    facts.set(plugin, { digest, listDigest, duplicates, licence, ...labels, count: ids.size });
  }
  return prompts;
}

/**
 * Prompt sets given under terms are used only once the user accepted those. A licence without a notice has none to
 * accept: permissive ones, and files of the user's own.
 */
async function checkPromptLicences(
  loaded: LoadedStudy,
  facts: ReadonlyMap<LoadedPlugin, Partial<ResolvedPlugin>>,
): Promise<void> {
  const open: string[] = [];
  for (const plugin of loaded.promptSets) {
    const { licence, digest } = facts.get(plugin)!;
    if (licence?.notice === undefined || isPermissive(licence)) continue;
    if (!(await loaded.accepts({ name: plugin.alias, sha256: digest!, licence })))
      open.push(`${plugin.alias} (${licence.id}): ${termsOf(licence)}`);
  }
  if (open.length === 0) return;
  throw new DiptychError(
    'PROMPTS_LICENCE_NOT_ACCEPTED',
    `Expected the terms of every prompt set to be accepted, these are not:\n  ${open.join('\n  ')}\nRead them, then pass --accept-licences once. Nothing was run.`,
  );
}

async function numberGenerators(
  loaded: LoadedStudy,
  prompts: number,
  { facts, signal }: { facts: Map<LoadedPlugin, Partial<ResolvedPlugin>>; signal: AbortSignal },
): Promise<Range[]> {
  const ranges: Range[] = [];
  let first = 0;
  for (const generator of loaded.generators) {
    if (generator.mode === 'generate') {
      if (prompts === 0) {
        throw new DiptychError(
          'STUDY_INVALID',
          `Expected prompts for generator ${generator.alias}, the study's prompt sets give none. Name a prompt set.`,
        );
      }
      const count = prompts * loaded.study.levels.length * loaded.study.samplesPerPrompt;
      ranges.push({ generator, first, count });
      first += count;
      continue;
    }
    const listing: ExistingSample[] = [];
    const list = new ListDigest();
    const { instance } = generator;
    for await (const given of listed(generator, instance.samples(signal), { signal, sizeOf: sampleSize })) {
      const sample = checkListed(generator.alias, given);
      list.add(ofSample(sample));
      listing.push(sample);
    }
    const digest = checkFacts(generator.alias, digestSchema, await asked(generator, () => instance.digest(signal)));
    facts.set(generator, { digest, listDigest: list.hex(), count: listing.length });
    ranges.push({ generator, first, count: listing.length, listing });
    first += listing.length;
  }
  return ranges;
}

async function readAuthentic(
  loaded: LoadedStudy,
  facts: Map<LoadedPlugin, Partial<ResolvedPlugin>>,
  signal: AbortSignal,
): Promise<PlannedAuthentic[]> {
  const authentic: PlannedAuthentic[] = [];
  for (const [setNumber, plugin] of loaded.authenticSets.entries()) {
    const before = authentic.length;
    const list = new ListDigest();
    for await (const image of listed(plugin, plugin.instance.images(signal), { signal })) {
      checkAuthentic(plugin.alias, image);
      list.add(ofImage(image));
      authentic.push({ index: authentic.length, setNumber, set: plugin.alias, image });
    }
    const digest = checkFacts(plugin.alias, digestSchema, await asked(plugin, () => plugin.instance.digest(signal)));
    facts.set(plugin, { digest, listDigest: list.hex(), count: authentic.length - before });
  }
  return authentic;
}

const promptSize = (prompt: unknown): number => String((prompt as Partial<Prompt> | null)?.text ?? '').length;
const sampleSize = (sample: unknown): number => String((sample as Partial<ExistingSample> | null)?.prompt ?? '').length;
