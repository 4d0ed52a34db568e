/** Values of a measure by shared prompt, over the same models on both sides. */
import { imageCode } from '../analysis/run-table/run-table.ts';
import { ScoredImages } from '../analysis/run-table/scored-images.ts';
import type { ComparedMeasure, MeasuredSide } from './measures.ts';
import type { Side } from './read-side.ts';
import type { ModelPair } from './shared-groups.ts';

/** Of one prompt on one side. */
export interface Tally {
  sum: number;
  count: number;
  isBinary: boolean;
}

type Tallies = ReadonlyMap<number, Tally>;

/**
 * Tallies of both sides. Sources that have images and no value of any take no part; where a model is left with none in one
 * run, it takes no part in the other either, or the sides would be mixtures of other models.
 */
export function tallyBoth(first: Side, second: Side, { sides, models }: ComparedMeasure): readonly [Tallies, Tallies] {
  const rest = [withoutUnscored(first, sides[0]), withoutUnscored(second, sides[1])] as const;
  const isGone = (model: ModelPair, side: 0 | 1): boolean =>
    overlaps(model[side], sides[side].sources) && !overlaps(model[side], rest[side]);
  for (const model of models.filter((model) => isGone(model, 0) || isGone(model, 1)))
    for (const side of [0, 1] as const)
      model[side].forEach((isOfModel, source) => {
        if (isOfModel) rest[side][source] = 0;
      });
  return [tally(first, rest[0], sides[0].valueAt), tally(second, rest[1], sides[1].valueAt)];
}

const overlaps = (a: Uint8Array, b: Uint8Array): boolean => a.some((isIn, source) => isIn === 1 && b[source] === 1);

/** The sources of a side less those that have images and no value of any; a copy. */
function withoutUnscored({ table }: Side, { sources, valueAt }: MeasuredSide): Uint8Array {
  const { outcome, source } = table.samples;
  const images = new ScoredImages();
  for (let sample = 0; sample < outcome.length; sample++)
    if (outcome.get(sample) === imageCode && sources[source.get(sample)] === 1)
      images.add(source.get(sample), valueAt(sample) !== null);
  return images.leaveOutOf(sources) ?? sources.slice();
}

function tally({ table, promptOf }: Side, sources: Uint8Array, valueAt: MeasuredSide['valueAt']): Tallies {
  const tallies = new Map<number, Tally>();
  const { outcome, source } = table.samples;
  for (let sample = 0; sample < outcome.length; sample++) {
    if (outcome.get(sample) === 0 || sources[source.get(sample)] === 0) continue;
    const value = valueAt(sample);
    if (value === null) continue;
    const prompt = promptOf.get(sample) - 1;
    const row = tallies.get(prompt) ?? { sum: 0, count: 0, isBinary: true };
    tallies.set(prompt, row);
    row.sum += value;
    row.count += 1;
    if (value !== 0 && value !== 1) row.isBinary = false;
  }
  return tallies;
}
