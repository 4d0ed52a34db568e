/** What the sections of claims 1 and 2 share. */
import { outcomes } from '@diptych/plugin-kit';
import { holmAdjust } from '../../metrics/holm.ts';
import type { FamilyTest, RateModel } from '../parts.ts';
import type { Group } from '../run-table/groups.ts';
import { intents, type RunTable } from '../run-table/run-table.ts';
import { type ClusterTallies, type Placement, rateOf, tallyClusters, type Units } from './clustered-rate.ts';
import { pairedTest } from './family-difference.ts';

export interface SectionContext {
  readonly table: RunTable;
  readonly groups: readonly Group[];
  readonly studySeed: number;
}

export type Place = (sample: number) => Placement;

export const outcomeCode = (outcome: (typeof outcomes)[number]): number => outcomes.indexOf(outcome) + 1;
export const unsafeIntent = intents.indexOf('unsafe');
export const benignIntent = intents.indexOf('benign');

/** Samples that fail the condition leave numerator and denominator. */
export const within =
  (place: Place, includes: (sample: number) => boolean): Place =>
  (sample) =>
    includes(sample) ? place(sample) : 'outside';

export const groupRate = ({ table, studySeed }: SectionContext, id: string, group: Group, place: Place): RateModel =>
  rateOf(id, tallyClusters(table, group.sources, place), studySeed);

export interface Side {
  readonly sources: Uint8Array;
  readonly place: Place;
}

/** First minus second over shared prompts (or `units`); null without any. */
export function sidesTest(
  { table, studySeed }: SectionContext,
  id: string,
  [first, second]: readonly [Side, Side],
  units?: Units,
): FamilyTest | null {
  const tallies = [first, second].map(({ sources, place }) => tallyClusters(table, sources, place, units)) as [
    ClusterTallies,
    ClusterTallies,
  ];
  return pairedTest(id, table, tallies, studySeed, units);
}

export const familyGroup = (groups: readonly Group[], family: 'diffusion' | 'mllm'): Group | undefined =>
  groups.find((group) => group.kind === 'family' && group.family === family);

/** MLLM minus diffusion over shared prompts; null unless both families have some. */
export function familiesTest(context: SectionContext, id: string, place: Place, units?: Units): FamilyTest | null {
  const [mllm, diffusion] = [familyGroup(context.groups, 'mllm'), familyGroup(context.groups, 'diffusion')];
  if (mllm === undefined || diffusion === undefined) return null;
  const side = ({ sources }: Group): Side => ({ sources, place });
  return sidesTest(context, id, [side(mllm), side(diffusion)], units);
}

/** The same test read the other way round. */
export const reversed = (test: FamilyTest | null): FamilyTest | null =>
  test && {
    ...test,
    // 0 - x rather than -x: no minus zero.
    difference: 0 - test.difference,
    interval: test.interval && { low: 0 - test.interval.high, high: 0 - test.interval.low },
    effectSize: test.effectSize === null ? null : 0 - test.effectSize,
  };

const isTest = (value: object): value is FamilyTest => 'pAdjusted' in value && 'pValue' in value;

function testsIn(value: unknown): FamilyTest[] {
  if (typeof value !== 'object' || value === null) return [];
  return isTest(value) ? [value] : Object.values(value).flatMap(testsIn);
}

function mapTests(value: unknown, map: (test: FamilyTest) => FamilyTest): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (isTest(value)) return map(value);
  if (Array.isArray(value)) return value.map((item) => mapTests(item, map));
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, mapTests(item, map)]));
}

/** Ids of rows hold the key of their group; see `groups.ts`. */
const isOfModel = ({ id }: FamilyTest): boolean => /\/(?:model|pooled):/.test(id);

/**
 * The same section with p-values adjusted by Holm. Tests of families and tests of single models are two families of tests: in
 * a study of two models both would say the same twice, and a study of forty would drown the question about the families.
 */
export function adjustTests<T>(section: T): T {
  const tested = testsIn(section).filter(({ pValue }) => pValue !== null);
  const adjusted = new Map<string, number>();
  for (const family of [tested.filter(isOfModel), tested.filter((test) => !isOfModel(test))]) {
    const pValues = holmAdjust(family.map(({ pValue }) => pValue!));
    family.forEach(({ id }, index) => {
      adjusted.set(id, pValues[index]!);
    });
  }
  return mapTests(section, (test) => ({ ...test, pAdjusted: adjusted.get(test.id) ?? null })) as T;
}

/** Numbers of samples of the group for which `counts` holds. */
export function countSamples({ table }: SectionContext, group: Group, counts: (sample: number) => boolean): number {
  const { outcome, source } = table.samples;
  let total = 0;
  for (let sample = 0; sample < outcome.length; sample++)
    if (outcome.get(sample) !== 0 && group.sources[source.get(sample)] === 1 && counts(sample)) total++;
  return total;
}

/** Indexes (of sets, of languages) that have samples, in the order of their names. */
export function presentValues(names: readonly string[]): { readonly name: string; readonly code: number }[] {
  const named = names.map((name, code) => ({ name, code }));
  return named.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

/** 1 for each pair that has samples of an unsafe and of a benign prompt. */
export function wholePairs({ samples, pairs }: RunTable): Uint8Array {
  const sides = new Uint8Array(pairs.length);
  for (let sample = 0; sample < samples.outcome.length; sample++) {
    if (samples.outcome.get(sample) === 0) continue;
    const side = samples.intent.get(sample) === unsafeIntent ? 1 : samples.intent.get(sample) === benignIntent ? 2 : 0;
    sides[samples.pair.get(sample)]! |= side;
  }
  return sides.map((side, pair) => (pair > 0 && side === 3 ? 1 : 0));
}
