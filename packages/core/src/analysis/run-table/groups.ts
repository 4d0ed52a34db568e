/** The rows of the tables: one for each model (small ones pooled), each family, and all together. */
import type { FamilyKey, GroupModel } from '../parts.ts';
import { imageCode, type RunTable, type Source } from './run-table.ts';

/**
 * Models with fewer samples are shown together under their family: an interval over four samples spans most of [0, 1]
 * and a table of hundreds of such rows hides the rest. Arbitrary, and stated in the report's notes.
 */
export const leastSamplesOfModelRow = 5;

export interface Group extends GroupModel {
  /** Unique within the report; part of metric ids. */
  readonly key: string;
  /** `sources[i]` is 1 where source i of the run table belongs to the row. */
  readonly sources: Uint8Array;
}

export const familyKeys = ['diffusion', 'mllm', 'unknown'] as const satisfies readonly FamilyKey[];
export const familyOf = (source: Source): FamilyKey => source.family ?? 'unknown';
const familyLabels: Record<FamilyKey, string> = {
  diffusion: 'all diffusion',
  mllm: 'all MLLM',
  unknown: 'all of unknown family',
};

/** What `samples` counts towards the least number: recorded samples, or images only. */
function countBySource(table: RunTable, imagesOnly: boolean): Uint32Array {
  const counts = new Uint32Array(table.sources.length);
  const { outcome, source } = table.samples;
  for (let index = 0; index < outcome.length; index++) {
    const code = outcome.get(index);
    if (code === imageCode || (code > 0 && !imagesOnly)) counts[source.get(index)]! += 1;
  }
  return counts;
}

interface Member {
  readonly source: Source;
  readonly index: number;
}

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function groupOf(
  table: RunTable,
  members: readonly Member[],
  facts: Pick<Group, 'kind' | 'label' | 'key' | 'family'>,
): Group {
  const sources = new Uint8Array(table.sources.length);
  for (const { index } of members) sources[index] = 1;
  const generators = new Set(members.map(({ source }) => source.generator));
  return {
    ...facts,
    generator: generators.size === 1 ? [...generators][0]! : null,
    simulated: members.some(({ source }) => source.simulated),
    models: new Set(members.map(({ source }) => `${source.generator} ${source.model}`)).size,
    sources,
  };
}

function modelGroup(table: RunTable, member: Member): Group {
  const { generator, model, family, decoder, simulated } = member.source;
  const label = model === generator ? model : `${model} (${generator})`;
  // Decoder and flags are part of the key: one model name may come with two declarations from two tables.
  const key = `model:${[generator, model, family ?? 'unknown', decoder ?? 'unknown', ...(simulated ? ['simulated'] : [])].join(':')}`;
  return groupOf(table, [member], { kind: 'model', label, key, family: familyOf(member.source) });
}

/** Rows by family, then name; pooled rows after their family's models; family rows and the total at the end. */
export function groupsOf(table: RunTable, imagesOnly = false): Group[] {
  const counts = countBySource(table, imagesOnly);
  const members = table.sources.map((source, index) => ({ source, index })).filter(({ index }) => counts[index]! > 0);
  const present = familyKeys.filter((family) => members.some(({ source }) => familyOf(source) === family));
  const models = present.flatMap((family) => {
    const own = members.filter(({ source }) => familyOf(source) === family);
    const small = own.filter(({ index }) => counts[index]! < leastSamplesOfModelRow);
    const rows = own
      .filter(({ index }) => counts[index]! >= leastSamplesOfModelRow)
      .map((member) => modelGroup(table, member))
      .sort((a, b) => byText(a.label, b.label) || byText(a.key, b.key));
    if (small.length === 1) return [...rows, modelGroup(table, small[0]!)];
    if (small.length === 0) return rows;
    return [
      ...rows,
      groupOf(table, small, { kind: 'pooled', label: `other models (${small.length})`, key: `pooled:${family}`, family }),
    ];
  });
  const families = present.map((family) =>
    groupOf(
      table,
      members.filter(({ source }) => familyOf(source) === family),
      { kind: 'family', label: familyLabels[family], key: `family:${family}`, family },
    ),
  );
  return [...models, ...families];
}

export const groupFacts = ({ kind, label, generator, family, simulated, models }: Group): GroupModel => ({
  kind,
  label,
  generator,
  family,
  simulated,
  models,
});

/** The family rows, and one of all synthetic images where there is more than one family. */
export function familiesAndAll(table: RunTable, groups: readonly Group[]): Group[] {
  const families = groups.filter(({ kind }) => kind === 'family');
  if (families.length < 2) return families;
  const members = table.sources.map((source, index) => ({ source, index }));
  return [...families, groupOf(table, members, { kind: 'all', label: 'all synthetic', key: 'all', family: null })];
}

/** A row of one's own choice of sources. */
export function groupOfSources(
  table: RunTable,
  sources: Uint8Array,
  facts: Pick<Group, 'kind' | 'label' | 'key' | 'family'>,
): Group {
  const members = table.sources.map((source, index) => ({ source, index })).filter(({ index }) => sources[index] === 1);
  return groupOf(table, members, facts);
}
