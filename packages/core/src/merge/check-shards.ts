/** The proof before a merge: parts of one study, made by the same plugins, each once, none overlapping, none missing. */
import type { JournalRecord, Manifest } from '@diptych/plugin-kit';
import { differingPlugins } from '../records/differing-plugins.ts';
import { refused, type ShardSurvey } from './survey-shard.ts';

const named = (numbers: readonly number[]): string =>
  numbers.slice(0, 20).join(', ') + (numbers.length > 20 ? ` and ${numbers.length - 20} more` : '');

/** Same study, versions, plugins with their options, weights and inputs; the same number of shards, each at most once. Throws MERGE_REFUSED. */
export function checkManifests(manifests: readonly Manifest[]): void {
  const [first, ...others] = manifests as [Manifest, ...Manifest[]];
  const indices = manifests.map((manifest) => manifest.shard!.index);
  const twice = indices.filter((index, place) => indices.indexOf(index) !== place);
  for (const other of others) {
    const differences = [
      ...(other.studyDigest === first.studyDigest ? [] : ['the study']),
      ...(other.diptych === first.diptych ? [] : [`Diptych (${first.diptych} and ${other.diptych})`]),
      ...(other.format === first.format ? [] : [`the run format (${first.format} and ${other.format})`]),
      ...(other.shard!.of === first.shard!.of ? [] : [`the number of shards (${first.shard!.of} and ${other.shard!.of})`]),
      ...(other.shard!.samples === first.shard!.samples ? [] : ['the samples of the whole plan']),
      ...(other.planned.authentic === first.planned.authentic ? [] : ['the number of authentic images']),
      ...differingPlugins(first, other),
      ...differingPrecision(first, other),
    ];
    if (differences.length > 0)
      throw refused(
        `Expected shards of one study, but ${first.id} and ${other.id} differ in ${differences.join('; ')}. Merge runs of one study file, made by one version, with the same inputs.`,
        { differences },
      );
  }
  if (twice.length > 0)
    throw refused(
      `Expected each shard once, received ${[...new Set(twice)].map((index) => `${index + 1}/${first.shard!.of}`).join(', ')} more than once. Name each run once.`,
    );
}

/** Half precision is another computation: `resume` refuses another one too. A shard that ran no network has none. */
function differingPrecision(first: Manifest, other: Manifest): string[] {
  const [one, two] = [first.runtime, other.runtime].map((runtime) => runtime && (runtime.precision ?? 'f32'));
  return one && two && one !== two ? [`the precision of networks (${one} and ${two})`] : [];
}

/** Shards that nobody gave, counted from 0. */
export function missingShards(manifests: readonly Manifest[]): number[] {
  const present = new Set(manifests.map((manifest) => manifest.shard!.index));
  return Array.from({ length: manifests[0]!.shard!.of }, (_, index) => index).filter((index) => !present.has(index));
}

/** Throws MERGE_REFUSED where a shard is missing or unfinished, unless `partial`; and where the whole plan is not covered though all are there. */
export function checkComplete(surveys: readonly ShardSurvey[], missing: readonly number[], partial: boolean): void {
  const { of, samples: whole } = surveys[0]!.run.manifest.shard!;
  const unfinished = surveys.filter(({ lacking }) => lacking.length > 0);
  if (!partial && missing.length > 0)
    throw refused(
      `Expected all ${of} shards, ${named(missing.map((index) => index + 1))} missing. Name them too, or merge what there is with --partial.`,
      { missing },
    );
  if (!partial && unfinished.length > 0)
    throw refused(
      `Expected finished shards, but ${unfinished.map(({ run, lacking }) => `${run.id} lacks ${lacking.join(' and ')}`).join('; ')}. Finish them with \`diptych resume\`, or merge what there is with --partial.`,
    );
  if (missing.length > 0 || unfinished.length > 0) return;
  const [sum, highest] = [
    surveys.reduce((total, { samples }) => total + samples, 0),
    Math.max(...surveys.map(({ highestSample }) => highestSample)),
  ];
  if (sum === highest + 1 && (whole === undefined || sum === whole)) return;
  throw refused(
    `Expected the shards to cover samples 0 to ${(whole ?? highest + 1) - 1}, they hold ${sum} up to ${highest}. Run the shards again from one study.`,
  );
}

/** All shards import all authentic images, since one protocol draws formats from them: they must be the same everywhere. Throws MERGE_REFUSED. */
export function checkAuthentic(surveys: readonly ShardSurvey[]): void {
  const [first, ...others] = surveys as [ShardSurvey, ...ShardSurvey[]];
  for (const other of others) {
    const differing = [...other.authentic].filter(
      ([index, sha256]) => first.authentic.has(index) && first.authentic.get(index) !== sha256,
    );
    if (differing.length > 0)
      throw refused(
        `Expected the same authentic images in every shard, but ${first.run.id} and ${other.run.id} differ in ${named(differing.map(([index]) => index))}. Give every machine the same files.`,
      );
  }
}

/**
 * Whether an earlier shard brought the record already, which only authentic images may: they stand in every shard.
 * Throws MERGE_REFUSED, naming both, where two shards answer one question.
 */
export function overlapGuard(surveys: readonly ShardSurvey[]) {
  return (group: string, record: JournalRecord, place: number): boolean => {
    const other = surveys.findIndex(({ seen }, at) => at < place && seen.has(group, record.index));
    if (other < 0) return false;
    if (record.type === 'authentic') return true;
    throw refused(
      `Expected disjoint shards, but ${surveys[other]!.run.id} and ${surveys[place]!.run.id} both hold ${group} ${record.index}. Merge shards of one \`--shard i/n\` only.`,
      { group, index: record.index },
    );
  };
}
