/** The groups of generators that two runs have in common. */
import { type ComparePairs, pairName, pairNames } from './pair-names.ts';
import type { Side } from './read-side.ts';

/** The sources of one model in each run: 1 at the index of each. */
export type ModelPair = readonly [Uint8Array, Uint8Array];

export interface SharedGroup {
  readonly group: string;
  readonly sources: readonly [Uint8Array, Uint8Array];
  /** Models that both runs mix in it; empty for one model, or where no names belong together. */
  readonly models: readonly ModelPair[];
}

export function sharedGroups(first: Side, second: Side, said: ComparePairs['generators']): SharedGroup[] {
  const everything = ({ table }: Side): Uint8Array => new Uint8Array(table.sources.length).fill(1);
  const family = ({ groups }: Side, wanted: string) =>
    groups.find((group) => group.kind === 'family' && group.family === wanted);
  // Imports hold many models under one generator; models are what a reader compares.
  const namesOf = ({ table }: Side): string[] => [...new Set(table.sources.map(({ model }) => model))];
  const of = ({ table }: Side, name: string): Uint8Array =>
    Uint8Array.from(table.sources, ({ model }) => (model === name ? 1 : 0));
  const singles = pairNames('generator', namesOf(first), namesOf(second), said).map(
    ([a, b]): SharedGroup => ({ group: pairName(a, b), sources: [of(first, a), of(second, b)], models: [] }),
  );
  // Other models on one side would make a family or the whole another mixture; with one model each they say nothing more.
  const [left, right] = [namesOf(first).length, namesOf(second).length];
  if (singles.length > 0 && (singles.length < left || singles.length < right || left === 1)) return singles;
  const models = singles.map(({ sources }) => sources);
  const families = first.groups.flatMap((group): SharedGroup[] => {
    const other = group.kind === 'family' && group.family !== null ? family(second, group.family) : undefined;
    return other ? [{ group: group.label, sources: [group.sources, other.sources], models }] : [];
  });
  const all: SharedGroup = { group: 'all', sources: [everything(first), everything(second)], models };
  const others = families.filter((family) => ![all, ...singles].some((group) => isSame(family, group)));
  return [all, ...others, ...singles];
}

/** A family of one model, or of all, would be tested twice. */
const isSame = (a: SharedGroup, b: SharedGroup): boolean =>
  a.sources.every((sources, side) => sources.every((value, source) => value === b.sources[side]![source]));
