/** A head for each generator, fitted on its images alone, tested on every generator's images of prompts that it never saw. */

import { z } from 'zod';
import { type ClusterTallies, type Placement, rateOf, tallyClusters } from '../../analysis/measures/clustered-rate.ts';
import { positionsOf } from '../../analysis/measures/detection-scores.ts';
import {
  calledBy,
  foldBySample,
  type HeadBank,
  heldOutAuroc,
  leastImagesOfUnit,
  mostTrainingImages,
  mostUnits,
  scoreWith,
} from '../../analysis/measures/heads.ts';
import { count, type FamilyKey, familyKey, finite, id, measuredShareSchema, ofDetector } from '../../analysis/parts.ts';
import { familyKeys, type Group } from '../../analysis/run-table/groups.ts';

export const transferSchema = z.object({
  id,
  ...ofDetector,
  /** Row and column labels, in this order; families beside them. */
  generators: z.array(z.object({ label: z.string(), family: familyKey })),
  cells: z.array(z.object({ id, trained: z.string(), tested: z.string(), ...measuredShareSchema.shape })),
  /** Mean TPR at 5 % FPR over pairs of different generators by family of each, and over the diagonal. */
  means: z.array(
    z.object({
      id,
      trained: familyKey,
      tested: familyKey,
      isOwn: z.boolean(),
      pairs: count,
      recallAt5: finite,
      auroc: finite.nullable(),
    }),
  ),
  notes: z.array(z.string()),
});

export type TransferModel = z.infer<typeof transferSchema>;

type Cell = TransferModel['cells'][number] & { readonly from: Group; readonly to: Group };

/** Images of the lowest level only: what longer prompts do to a retrained head is another table. */
const atBaseLevel =
  ({ frame }: HeadBank, place: (sample: number) => Placement) =>
  (sample: number): Placement =>
    frame.table.samples.level.get(sample) === frame.baseLevel ? place(sample) : 'outside';

function cellsOf(bank: HeadBank, from: Group, studySeed: number): Cell[] {
  const { frame, units } = bank;
  const { table, scores } = frame;
  const heads = bank.headsOn(from.sources);
  if (heads === null) return [];
  const held = scoreWith(frame, heads);
  const place = atBaseLevel(bank, calledBy(held, foldBySample(frame)));
  return units.map((to) => {
    const id = `transfer/${scores.facts.detector}/${scores.protocol}/${from.key}/${to.key}`;
    const positions = positionsOf(table, scores, to.sources).filter(
      (position) => table.samples.level.get(scores.samples[position]!) === frame.baseLevel,
    );
    return {
      from,
      to,
      id,
      trained: from.label,
      tested: to.label,
      auroc: heldOutAuroc(`${id}/auroc`, frame, held, positions),
      recallAt5: rateOf(`${id}/recall-at-5`, tallyClusters(table, to.sources, place), studySeed),
    };
  });
}

const mean = (values: readonly number[]): number | null =>
  values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;

function meansOf(prefix: string, cells: readonly Cell[]): TransferModel['means'] {
  const pairs = familyKeys.flatMap((trained) =>
    familyKeys.flatMap((tested) => [true, false].map((isOwn) => ({ trained, tested, isOwn }))),
  );
  return pairs.flatMap(({ trained, tested, isOwn }) => {
    const own = cells.filter(({ from, to }) => from.family === trained && to.family === tested && (from === to) === isOwn);
    const recallAt5 = mean(own.map(({ recallAt5: { value } }) => value).filter((value) => value !== null));
    if (recallAt5 === null) return [];
    const auroc = mean(own.map((cell) => cell.auroc?.value).filter((value) => value !== undefined));
    const id = `${prefix}/${isOwn ? 'own' : 'others'}/${trained}/${tested}`;
    return { id, trained, tested, isOwn, pairs: own.length, recallAt5, auroc };
  });
}

/** What the report says of every head that is fitted in the run. */
export function headNotes({ unitsLeftOut, frame }: HeadBank): string[] {
  const level = frame.baseLevel === 0 ? 'the prompts as given' : `rewriting level ${frame.baseLevel}`;
  return [
    `Heads are fitted on images of ${level} and on photographs, in two halves that keep a prompt together; each head scores the half it did not see, at a threshold fixed on that half's photographs. Generators with fewer than ${leastImagesOfUnit} scored images have no head; a fit uses at most ${mostTrainingImages} images of each class, drawn by seed.`,
    ...(unitsLeftOut > 0
      ? [`The ${mostUnits} generators with the most images are shown; ${unitsLeftOut} more are in no matrix.`]
      : []),
  ];
}

/** Null with fewer than two generators that have enough images. */
export function transferMatrix(bank: HeadBank, studySeed: number): TransferModel | null {
  const { facts, protocol } = bank.frame.scores;
  if (bank.units.length < 2) return null;
  const id = `transfer/${facts.detector}/${protocol}`;
  const cells = bank.units.flatMap((from) => cellsOf(bank, from, studySeed));
  return {
    id,
    detector: facts.detector,
    protocol,
    generators: bank.units.map(({ label, family }) => ({ label, family: family as FamilyKey })),
    cells: cells.map(({ from: _from, to: _to, ...cell }) => cell),
    means: meansOf(id, cells),
    notes: headNotes(bank),
  };
}

/** Hits by head and generator of one prompt: `[positives, trials]` at head × units + generator. */
type Hits = { readonly positives: Float64Array; readonly trials: Float64Array };

function hitsByPrompt(bank: HeadBank, units: readonly Group[]): Map<number, Hits> {
  const { frame } = bank;
  const folds = foldBySample(frame);
  const prompts = new Map<number, Hits>();
  for (const [head, unit] of units.entries()) {
    const place = atBaseLevel(bank, calledBy(scoreWith(frame, bank.headsOn(unit.sources)!), folds));
    for (const [tested, other] of units.entries()) {
      const { clusters, positives, trials } = tallyClusters(frame.table, other.sources, place);
      clusters.forEach((cluster, row) => {
        const size = units.length ** 2;
        const hits = prompts.get(cluster) ?? { positives: new Float64Array(size), trials: new Float64Array(size) };
        hits.positives[head * units.length + tested] = positives[row]!;
        hits.trials[head * units.length + tested] = trials[row]!;
        prompts.set(cluster, hits);
      });
    }
  }
  return prompts;
}

/**
 * Shares of hits by heads on their own generator's images and on the others', summed over the generators that have the prompt:
 * each head and each generator's images weigh the same on both sides, or a generator that refuses more would make its head, with
 * a threshold of its own, weigh more on one side than on the other. Null where fewer than two have it.
 */
function balanced(
  { positives, trials }: Hits,
  units: number,
): readonly [own: number, others: number, present: number] | null {
  const present = Array.from({ length: units }, (_, unit) => unit).filter((unit) => trials[unit * units + unit]! > 0);
  if (present.length < 2) return null;
  const rate = (head: number, tested: number): number => positives[head * units + tested]! / trials[head * units + tested]!;
  let [own, others] = [0, 0];
  for (const tested of present) {
    own += rate(tested, tested);
    others += mean(present.filter((head) => head !== tested).map((head) => rate(head, tested)))!;
  }
  return [own, others, present.length];
}

/**
 * Heads fitted on one MLLM each: hits on its own images and on those of the other MLLMs, by prompt. Over prompts that two MLLMs
 * have; where none is shared, all are pooled. Null with fewer than two heads.
 */
export function ownAndOthers(bank: HeadBank): readonly [ClusterTallies, ClusterTallies] | null {
  const units = bank.units.filter(({ family, sources }) => family === 'mllm' && bank.headsOn(sources) !== null);
  if (units.length < 2) return null;
  const prompts = [...hitsByPrompt(bank, units)];
  const shared = prompts.flatMap(([cluster, hits]) => {
    const shares = balanced(hits, units.length);
    return shares === null ? [] : [{ cluster, shares }];
  });
  if (shared.length === 0) return [pooled(prompts, units.length, true), pooled(prompts, units.length, false)];
  const side = (column: 0 | 1): ClusterTallies => ({
    clusters: shared.map(({ cluster }) => cluster),
    positives: shared.map(({ shares }) => shares[column]),
    trials: shared.map(({ shares }) => shares[2]),
  });
  return [side(0), side(1)];
}

function pooled(prompts: readonly (readonly [number, Hits])[], units: number, isOwn: boolean): ClusterTallies {
  const total = (values: Float64Array): number =>
    values.reduce((sum, value, at) => sum + ((Math.floor(at / units) === at % units) === isOwn ? value : 0), 0);
  const rows = prompts.filter(([, { trials }]) => total(trials) > 0);
  return {
    clusters: rows.map(([cluster]) => cluster),
    positives: rows.map(([, { positives }]) => total(positives)),
    trials: rows.map(([, { trials }]) => total(trials)),
  };
}
