/** Two runs over the same prompts: each rate and measure of detection, paired by prompt. */
import { DiptychError } from '@diptych/plugin-kit';
import { holmAdjust } from '../metrics/holm.ts';
import { mcnemarTest } from '../metrics/mcnemar.ts';
import { pairedDifference } from '../metrics/paired-difference.ts';
import { promptsNeeded } from '../metrics/power.ts';
import { deriveSeed } from '../metrics/random.ts';
import { differingPlugins } from '../records/differing-plugins.ts';
import type { ReportedRun } from '../report/reported-run.ts';
import { type ComparedMeasure, measuresOf } from './measures.ts';
import type { ComparePairs } from './pair-names.ts';
import { readSide, SharedPrompts, type Side } from './read-side.ts';
import { type Tally, tallyBoth } from './tallies.ts';

export interface CompareOptions extends ComparePairs {
  /** Smallest difference that would matter; default 0.05. */
  readonly difference?: number;
  /** Default 0.8. */
  readonly power?: number;
}

export interface ComparisonRow {
  readonly id: string;
  /** `unsafe / all`, `recognised at 5 % false positives` … */
  readonly measure: string;
  /** Judge, or detector and protocol; empty for outcomes. `a = b` where names differ. */
  readonly by: string;
  readonly group: string;
  /** Clusters of shared prompts with samples on both sides; each weighs the same. */
  readonly pairs: number;
  /** Means over them; in [0, 1]. */
  readonly first: number | null;
  readonly second: number | null;
  /** First minus second. */
  readonly difference: number | null;
  readonly interval: { readonly low: number; readonly high: number } | null;
  /** Sign-flip test over prompts, two-sided. */
  readonly pValue: number | null;
  /** Holm, over all rows. */
  readonly pAdjusted: number | null;
  /** Exact McNemar test, where every prompt has one image on both sides. */
  readonly mcnemar: number | null;
  readonly cohenH: number | null;
  readonly cohenDz: number | null;
  /** Prompts to see the smallest difference that matters, by the spread found here; null where prompts do not vary. */
  readonly promptsNeeded: number | null;
}

export interface Comparison {
  readonly first: string;
  readonly second: string;
  readonly sharedPrompts: number;
  readonly firstOnlyPrompts: number;
  readonly secondOnlyPrompts: number;
  /** Shared prompts whose texts differ, as rewritings do. */
  readonly otherTexts: number;
  /** Plugins that are not the same in both runs. */
  readonly differing: readonly string[];
  /** What was left out, and why. */
  readonly notes: readonly string[];
  readonly difference: number;
  readonly power: number;
  readonly rows: readonly ComparisonRow[];
}

/** Rejects with COMPARE_REFUSED where the runs share no prompt or nothing was measured in both. */
export async function compareRuns(
  first: ReportedRun,
  second: ReportedRun,
  options: CompareOptions = {},
): Promise<Comparison> {
  const shared = new SharedPrompts();
  const sides = [await readSide(first, shared), await readSide(second, shared)] as const;
  const [left, right] = sides;
  const sharedPrompts = [...left.prompts].filter((prompt) => right.prompts.has(prompt)).length;
  if (sharedPrompts === 0)
    throw new DiptychError(
      'COMPARE_REFUSED',
      `Expected runs that share prompts, but none of ${left.prompts.size} of ${first.manifest.id} is among ${right.prompts.size} of ${second.manifest.id}. Prompts match by set, id and level.`,
    );
  const measures = measuresOf(left, right, options);
  const { difference = 0.05, power = 0.8 } = options;
  const rows = measures
    .map((measure) => rowOf(measure, sides, { shared, difference, power }))
    .filter(({ pairs }) => pairs > 0);
  if (rows.length === 0)
    throw new DiptychError(
      'COMPARE_REFUSED',
      `Expected something that was measured in both ${first.manifest.id} and ${second.manifest.id}, found nothing. Name what belongs together with --judges, --detectors or --generators a=b.`,
    );
  return {
    first: first.manifest.id,
    second: second.manifest.id,
    sharedPrompts,
    firstOnlyPrompts: left.prompts.size - sharedPrompts,
    secondOnlyPrompts: right.prompts.size - sharedPrompts,
    otherTexts: right.otherTexts.size,
    differing: differingPlugins(first.manifest, second.manifest),
    notes: notesOf(left, right),
    difference,
    power,
    rows: withHolm(rows),
  };
}

function notesOf(first: Side, second: Side): string[] {
  const fitted = first.table.detections.filter(({ facts }) => !facts.control && facts.features > 0);
  const names = [...new Set(fitted.map(({ facts }) => facts.detector))];
  return [
    ...(first.detectors.size > 0 && second.detectors.size > 0 && first.authentic !== second.authentic
      ? ['The runs have other authentic images: thresholds and AUROCs are not compared, synthetic scores are.']
      : []),
    ...(names.length > 0
      ? [
          `${names.join(', ')}: fitted anew within each run, so that scores of two runs are not of one detector and are not compared.`,
        ]
      : []),
  ];
}

interface RowContext {
  readonly shared: SharedPrompts;
  readonly difference: number;
  readonly power: number;
}

/** Levels and duplicates of one prompt are one cluster: their mean counts once. */
function rowOf(measure: ComparedMeasure, [left, right]: readonly [Side, Side], context: RowContext): ComparisonRow {
  const { id, name, by, group } = measure;
  const [first, second] = tallyBoth(left, right, measure);
  const prompts = [...first.keys()].filter((prompt) => second.has(prompt)).sort((a, b) => a - b);
  const ofSide = (tallies: ReadonlyMap<number, Tally>) =>
    prompts.map((prompt) => {
      const { sum, count } = tallies.get(prompt)!;
      return { promptId: context.shared.clusterOf(prompt), positives: Math.min(1, sum / count), trials: 1 };
    });
  const paired = pairedDifference(ofSide(first), ofSide(second), {
    seed: deriveSeed(left.manifest.study.seed, 'compare', id),
  });
  const isSingle = [first, second].every((tallies) =>
    prompts.every((prompt) => tallies.get(prompt)!.count === 1 && tallies.get(prompt)!.isBinary),
  );
  const { estimate, low, high } = paired.difference;
  const { deviation } = paired;
  const isOneEach = isSingle && paired.sharedPrompts === prompts.length && prompts.length > 0;
  const isYes = (tallies: ReadonlyMap<number, Tally>): boolean[] => prompts.map((prompt) => tallies.get(prompt)!.sum === 1);
  return {
    id,
    measure: name,
    by,
    group,
    pairs: paired.sharedPrompts,
    first: paired.firstRate,
    second: paired.secondRate,
    difference: estimate,
    interval: low === null || high === null ? null : { low, high },
    pValue: paired.test?.pValue ?? null,
    pAdjusted: null,
    mcnemar: isOneEach ? mcnemarTest(isYes(first), isYes(second)).pValue : null,
    cohenH: paired.cohenH,
    cohenDz: paired.cohenDz,
    promptsNeeded: deviation === null || deviation === 0 ? null : promptsNeeded(Math.min(1, deviation), context),
  };
}

function withHolm(rows: readonly ComparisonRow[]): ComparisonRow[] {
  const tested = rows.filter(({ pValue }) => pValue !== null);
  const adjusted = holmAdjust(tested.map(({ pValue }) => pValue!));
  const byId = new Map(tested.map(({ id }, place) => [id, adjusted[place]!]));
  return rows.map((row) => ({ ...row, pAdjusted: byId.get(row.id) ?? null }));
}
