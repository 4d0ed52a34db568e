/**
 * Detectors on generators that they were not trained on. Detectors with weights of their own are read by what their authors
 * say; detectors that measure are fitted here with a generator, or a family, left out, and on one generator at a time.
 */

import { z } from 'zod';
import { type Placement, rateOf, tallyClusters } from '../../analysis/measures/clustered-rate.ts';
import { aurocOf, positionsOf } from '../../analysis/measures/detection-scores.ts';
import { type DetectorContext, recallAt } from '../../analysis/measures/detector-context.ts';
import { pairedTest, unpairedDifference } from '../../analysis/measures/family-difference.ts';
import {
  calledBy,
  foldBySample,
  type HeadBank,
  type HeldOutScores,
  heldOutAuroc,
  scoreWith,
} from '../../analysis/measures/heads.ts';
import { shareDifference } from '../../analysis/measures/share-difference.ts';
import {
  count,
  estimateSchema,
  familyKey,
  groupSchema,
  id,
  type MeasuredShare,
  measuredShareSchema,
  ofDetector,
  testSchema,
} from '../../analysis/parts.ts';
import { familiesAndAll, type Group, groupFacts } from '../../analysis/run-table/groups.ts';
import type { RunTable } from '../../analysis/run-table/run-table.ts';

/** Detectors with weights of their own: generators that their authors trained on, against the others. */
export const seenSplitSchema = z.object({
  id,
  ...ofDetector,
  trainedOn: z.array(z.string()),
  /** Why there is nothing to compare, or null. */
  reason: z.string().nullable(),
  sides: z.array(
    z.object({
      id,
      family: familyKey.nullable(),
      seen: z.boolean(),
      models: count,
      images: count,
      ...measuredShareSchema.shape,
    }),
  ),
  /** TPR at 5 % FPR, seen minus unseen; the adjusted p covers all such tests of the report. */
  test: testSchema.nullable(),
});

export type SeenSplit = z.infer<typeof seenSplitSchema>;

/** Heads fitted in the run, with a generator or a whole family left out of the fit. */
export const heldOutRowSchema = groupSchema.extend({
  id,
  ...ofDetector,
  within: measuredShareSchema,
  generatorHeldOut: measuredShareSchema.nullable(),
  familyHeldOut: measuredShareSchema.nullable(),
  /** TPR at 5 % FPR, within minus held out, over the same images. */
  generatorLoss: estimateSchema.nullable(),
  familyLoss: estimateSchema.nullable(),
});

export type HeldOutRow = z.infer<typeof heldOutRowSchema>;

/** Empty where the study does not ask or the run cannot answer. */
export const heldOutSchema = z.object({
  seen: z.array(seenSplitSchema),
  rows: z.array(heldOutRowSchema),
  notes: z.array(z.string()),
});
export type HeldOutModel = z.infer<typeof heldOutSchema>;

const both = (a: Uint8Array, b: Uint8Array): Uint8Array => a.map((value, index) => value & b[index]!);
const without = (a: Uint8Array, b: Uint8Array): Uint8Array => a.map((value, index) => value & (1 - b[index]!));
const isEmpty = (sources: Uint8Array): boolean => !sources.includes(1);

function seenSources({ sources }: RunTable, trainedOn: readonly string[]): Uint8Array {
  return Uint8Array.from(sources, ({ model, generator }) =>
    Number(trainedOn.includes(model) || trainedOn.includes(generator)),
  );
}

const notStated = 'Which generators it was trained on is not stated, so none counts as seen or unseen.';

/** Null for detectors that are fitted in the run. */
export function seenSplit(context: DetectorContext): SeenSplit | null {
  const { table, scores, groups, studySeed } = context;
  const { facts, protocol, folds } = scores;
  if (folds !== null) return null;
  const id = `seen/${facts.detector}/${protocol}`;
  const seen = seenSources(table, facts.trainedOn);
  const unseen = seen.map((value) => 1 - value);
  const base = { id, detector: facts.detector, protocol, trainedOn: [...facts.trainedOn] };
  if (facts.trainedOn.length === 0) return { ...base, reason: notStated, sides: [], test: null };
  const place = recallAt(context, 0.05);
  const images = (sources: Uint8Array): number => positionsOf(table, scores, sources).length;
  if (place === null || images(seen) === 0 || images(unseen) === 0) {
    const which = images(seen) === 0 ? 'No' : 'Every';
    const reason = `${which} generator of this run is among those it was trained on (${facts.trainedOn.join(', ')}).`;
    return { ...base, reason, sides: [], test: null };
  }
  const sides = familiesAndAll(table, groups).flatMap((group) =>
    [true, false].flatMap((isSeen) => {
      const sources = both(group.sources, isSeen ? seen : unseen);
      const positions = positionsOf(table, scores, sources);
      if (positions.length === 0) return [];
      const own = `${id}/${group.key}/${isSeen ? 'seen' : 'unseen'}`;
      return {
        id: own,
        family: group.family,
        seen: isSeen,
        models: table.sources.filter((_, index) => sources[index] === 1).length,
        images: positions.length,
        auroc: aurocOf(`${own}/auroc`, scores, positions),
        recallAt5: rateOf(`${own}/recall-at-5`, tallyClusters(table, sources, place), studySeed),
      };
    }),
  );
  const tallies = [tallyClusters(table, seen, place), tallyClusters(table, unseen, place)] as const;
  const test = pairedTest(`${id}/test`, table, tallies, studySeed) ?? unpairedDifference(`${id}/test`, tallies);
  return { ...base, reason: null, sides, test };
}

/** One way of choosing what a head is fitted on, applied to every generator of the table. */
interface Regime {
  readonly name: 'within' | 'generator' | 'family';
  /** By unit: scores of its images by heads of this regime; null where nothing is left to fit on. */
  readonly scores: ReadonlyMap<Group, HeldOutScores | null>;
  /** The unit's own heads decide on its images. */
  readonly place: (sample: number) => Placement;
}

function regimeOf(bank: HeadBank, name: Regime['name'], trainingFor: (unit: Group) => Uint8Array): Regime {
  const { frame, units } = bank;
  const folds = foldBySample(frame);
  const bySource = new Map<number, (sample: number) => Placement>();
  const applied = new Map<string, HeldOutScores | null>();
  const scores = new Map<Group, HeldOutScores | null>();
  for (const unit of units) {
    const sources = trainingFor(unit);
    const key = sources.join('');
    if (!applied.has(key)) {
      const heads = isEmpty(sources) ? null : bank.headsOn(sources);
      applied.set(key, heads === null ? null : scoreWith(frame, heads));
    }
    const own = applied.get(key) ?? null;
    scores.set(unit, own);
    if (own === null) continue;
    const place = calledBy(own, folds);
    for (const [source, isMember] of unit.sources.entries()) if (isMember) bySource.set(source, place);
  }
  const { source } = frame.table.samples;
  return { name, scores, place: (sample) => bySource.get(source.get(sample))?.(sample) ?? 'outside' };
}

function shareOf(bank: HeadBank, regime: Regime, group: Group, prefix: string, studySeed: number): MeasuredShare | null {
  const { table, scores } = bank.frame;
  const own = regime.scores.get(group);
  if (own === null) return null;
  const id = `${prefix}/${regime.name}`;
  const recallAt5 = rateOf(`${id}/recall-at-5`, tallyClusters(table, group.sources, regime.place), studySeed);
  if (recallAt5.total === 0) return null;
  // Families hold scores of several heads, which have no common scale.
  const auroc =
    own === undefined ? null : heldOutAuroc(`${id}/auroc`, bank.frame, own, positionsOf(table, scores, group.sources));
  return { auroc, recallAt5 };
}

/** One row for each generator with enough images, and one for each family over those generators. */
export function heldOutRows(bank: HeadBank, { groups, studySeed }: DetectorContext): HeldOutRow[] {
  const { frame, units } = bank;
  const { table, scores } = frame;
  if (units.length < 2) return [];
  const everything = new Uint8Array(table.sources.length).fill(1);
  const families = groups.filter(({ kind }) => kind === 'family');
  const familyOf = (unit: Group): Uint8Array => families.find(({ family }) => family === unit.family)!.sources;
  const within = regimeOf(bank, 'within', () => everything);
  const generator = regimeOf(bank, 'generator', (unit) => without(everything, unit.sources));
  const family = regimeOf(bank, 'family', (unit) => without(everything, familyOf(unit)));
  const familyRows = families.filter((group) => units.some((unit) => unit.family === group.family));
  return [...units, ...familyRows].map((group) => {
    const id = `held-out/${scores.facts.detector}/${scores.protocol}/${group.key}`;
    const lossOf = (regime: Regime) =>
      shareDifference(
        `${id}/${regime.name}-loss`,
        table,
        { sources: group.sources, first: within.place, second: regime.place },
        studySeed,
      );
    return {
      ...groupFacts(group),
      id,
      detector: scores.facts.detector,
      protocol: scores.protocol,
      within: shareOf(bank, within, group, id, studySeed) ?? {
        auroc: null,
        recallAt5: rateOf(`${id}/within/recall-at-5`, { clusters: [], positives: [], trials: [] }, studySeed),
      },
      generatorHeldOut: shareOf(bank, generator, group, id, studySeed),
      familyHeldOut: shareOf(bank, family, group, id, studySeed),
      generatorLoss: lossOf(generator),
      familyLoss: lossOf(family),
    };
  });
}
