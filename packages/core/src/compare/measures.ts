/** What two runs can be compared in: outcomes, judges and detectors that both have, for each group that both have. */
import { outcomes } from '@diptych/plugin-kit';
import { isOutside, type Placement } from '../analysis/measures/clustered-rate.ts';
import { type DetectorContext, recallAt } from '../analysis/measures/detector-context.ts';
import { corruptedOfAll, unsafeOfAll, unsafeOfNonCorrupted, withCorruption } from '../analysis/measures/judged-samples.ts';
import type { JudgeColumns } from '../analysis/run-table/judge-columns.ts';
import type { RunTable } from '../analysis/run-table/run-table.ts';
import { type ComparePairs, pairName, pairNames } from './pair-names.ts';
import type { Side } from './read-side.ts';
import { type ModelPair, sharedGroups } from './shared-groups.ts';

export interface MeasuredSide {
  readonly sources: Uint8Array;
  /** In [0, 1]; null for a sample outside the measure. */
  valueAt(sample: number): number | null;
}
export interface ComparedMeasure {
  readonly id: string;
  readonly name: string;
  readonly by: string;
  readonly group: string;
  readonly sides: readonly [MeasuredSide, MeasuredSide];
  /** Models that both sides mix; empty where the group is one model, or where no names belong together. */
  readonly models: readonly ModelPair[];
}

type ValueOf = MeasuredSide['valueAt'];
interface Measure {
  readonly name: string;
  readonly by: string;
  readonly values: readonly [ValueOf, ValueOf];
}

export function measuresOf(first: Side, second: Side, pairs: ComparePairs): ComparedMeasure[] {
  const measures = [
    ...outcomeMeasures(first.table, second.table),
    ...judgeMeasures(first, second, pairs.judges),
    ...detectorMeasures(first, second, pairs.detectors),
  ];
  const groups = sharedGroups(first, second, pairs.generators);
  return measures.flatMap(({ name, by, values }) =>
    groups.map(({ group, sources, models }) => ({
      id: ['compare', name, by, group].filter((part) => part !== '').join('/'),
      name,
      by,
      group,
      sides: [
        { sources: sources[0], valueAt: values[0] },
        { sources: sources[1], valueAt: values[1] },
      ] as const,
      models,
    })),
  );
}

const both = <T>(make: (side: T) => ValueOf, first: T, second: T): readonly [ValueOf, ValueOf] => [
  make(first),
  make(second),
];
const asValue =
  (place: (sample: number) => Placement): ValueOf =>
  (sample) => {
    const placement = place(sample);
    return isOutside(placement) ? null : placement === 'positive' ? 1 : 0;
  };

/** Faults of the infrastructure are outside, as everywhere. */
function outcomeMeasures(first: RunTable, second: RunTable): Measure[] {
  const codes = (...wanted: readonly (typeof outcomes)[number][]) =>
    new Set(wanted.map((outcome) => outcomes.indexOf(outcome) + 1));
  const faults = codes('error', 'timeout');
  const share =
    (wanted: ReadonlySet<number>) =>
    ({ samples }: RunTable): ValueOf =>
    (sample) => {
      const code = samples.outcome.get(sample);
      return faults.has(code) ? null : wanted.has(code) ? 1 : 0;
    };
  return [
    { name: 'image / all', by: '', values: both(share(codes('image')), first, second) },
    { name: 'refused or blocked / all', by: '', values: both(share(codes('refused', 'blocked')), first, second) },
  ];
}

function judgeMeasures(first: Side, second: Side, said: ComparePairs['judges']): Measure[] {
  const names = ({ table }: Side): string[] => table.judges.map(({ facts }) => facts.judge);
  const judgeOf = ({ table }: Side, name: string): JudgeColumns => table.judges.find(({ facts }) => facts.judge === name)!;
  return pairNames('judge', names(first), names(second), said).flatMap(([a, b]) => {
    const judged = [
      withCorruption(first.table, judgeOf(first, a)),
      withCorruption(second.table, judgeOf(second, b)),
    ] as const;
    const by = pairName(a, b);
    const measures: Measure[] = [];
    const add = (name: string, place: (of: (typeof judged)[number]) => (sample: number) => Placement): void => {
      measures.push({ name, by, values: both((of) => asValue(place(of)), ...judged) });
    };
    if (judged.every(({ judge }) => judge.facts.covers.length > 0)) {
      add('unsafe / all', unsafeOfAll);
      if (judged.every(({ corruption }) => corruption))
        add('unsafe / non-corrupted', ({ table, judge, corruption }) => unsafeOfNonCorrupted(table, judge, corruption!));
    }
    // Borrowed corruption scores would be compared once for each judge that borrows them.
    if (judged.every(({ judge }) => judge.facts.scoresCorruption))
      add('corrupted / all', ({ table, judge }) => corruptedOfAll(table, judge));
    return measures;
  });
}

function detectorMeasures(first: Side, second: Side, said: ComparePairs['detectors']): Measure[] {
  const names = ({ detectors }: Side): string[] => [
    ...new Set([...detectors.values()].map(({ scores }) => scores.facts.detector)),
  ];
  const protocols = first.manifest.study.protocols.filter((protocol) => second.manifest.study.protocols.includes(protocol));
  return pairNames('detector', names(first), names(second), said).flatMap(([a, b]) =>
    protocols.flatMap((protocol) => {
      const sides = [first.detectors.get(`${a} ${protocol}`), second.detectors.get(`${b} ${protocol}`)];
      const [left, right] = sides;
      if (!left || !right || sides.some((side) => side?.scores.unavailable !== null)) return [];
      const by = `${pairName(a, b)}, ${protocol}`;
      const scores = { name: 'mean synthetic score', by, values: both(scoreOf, left, right) };
      if (first.authentic !== second.authentic) return [scores];
      const recalls = [recallAt(left, 0.05), recallAt(right, 0.05)];
      return [
        ...(recalls[0] && recalls[1]
          ? [{ name: 'recognised at 5 % false positives', by, values: [asValue(recalls[0]), asValue(recalls[1])] as const }]
          : []),
        { name: 'AUROC', by, values: both(placementOf, left, right) },
        scores,
      ];
    }),
  );
}

const scoreOf =
  ({ bySample }: DetectorContext): ValueOf =>
  (sample) => {
    const score = bySample[sample];
    return score === undefined || Number.isNaN(score) ? null : score;
  };

/**
 * The placement of an image: the share of authentic images with a lower score, ties half. Its mean over images is the AUROC
 * (DeLong et al., Biometrics 44, 1988, equation 2), which makes the AUROC a mean over prompts. The authentic images are taken
 * as given: intervals and tests are about prompts. Cross-fitted scores are placed within their fold.
 */
function placementOf({ scores }: DetectorContext): ValueOf {
  const { folds, authentic, synthetic, samples } = scores;
  const byFold = new Map<number, number[]>();
  authentic.forEach((score, place) => {
    const fold = folds?.authentic[place] ?? 0;
    const list = byFold.get(fold) ?? [];
    byFold.set(fold, list);
    list.push(score);
  });
  for (const list of byFold.values()) list.sort((a, b) => a - b);
  const placements = new Map<number, number>();
  synthetic.forEach((score, place) => {
    const list = byFold.get(folds?.synthetic[place] ?? 0);
    if (list)
      placements.set(samples[place]!, (countBelow(list, score, false) + countBelow(list, score, true)) / (2 * list.length));
  });
  return (sample) => placements.get(sample) ?? null;
}

/** Entries of a rising list below a score, or up to it, by bisection. */
function countBelow(sorted: readonly number[], score: number, orEqual: boolean): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle]! < score || (orEqual && sorted[middle] === score)) low = middle + 1;
    else high = middle;
  }
  return low;
}
