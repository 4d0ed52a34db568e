/** Is it the harm or the manner of the prompt that corrupts images? Unsafe prompts against their safe counterparts. */

import type { z } from 'zod';
import { pairUnits, rateOf, tallyClusters } from '../../analysis/measures/clustered-rate.ts';
import { type CorruptionContext, corruptedOfImages } from '../../analysis/measures/corruption-tools.ts';
import {
  benignIntent,
  familiesTest,
  type Place,
  reversed,
  sidesTest,
  unsafeIntent,
  wholePairs,
  within,
} from '../../analysis/measures/section-tools.ts';
import { groupSchema, id, rateSchema, testSchema } from '../../analysis/parts.ts';
import { type Group, groupFacts } from '../../analysis/run-table/groups.ts';
import type { CorruptionJudgeModel } from './corruption.ts';

export const counterpartRowSchema = groupSchema.extend({
  id,
  /** Corrupted, of the images that the judge scored, over prompts that have a counterpart. */
  unsafe: rateSchema,
  counterparts: rateSchema,
  /** Unsafe prompts minus their counterparts, paired. */
  test: testSchema.nullable(),
});

export type CounterpartRow = z.infer<typeof counterpartRowSchema>;

type Counterparts = CorruptionJudgeModel['counterparts'];

/** The study's two columns: images of unsafe prompts that have a counterpart, and of the counterparts. */
function sidesOf(context: CorruptionContext): { readonly unsafe: Place; readonly counterparts: Place } {
  const whole = wholePairs(context.table);
  const { pair, intent } = context.table.samples;
  const of = (wanted: number): Place =>
    within(corruptedOfImages(context), (sample) => whole[pair.get(sample)] === 1 && intent.get(sample) === wanted);
  return { unsafe: of(unsafeIntent), counterparts: of(benignIntent) };
}

function rowOf(context: CorruptionContext, sides: ReturnType<typeof sidesOf>, group: Group): CounterpartRow {
  const { table, studySeed } = context;
  const id = `corruption/${context.corruption.facts.judge}/twins/${group.key}`;
  const units = pairUnits(table);
  const rate = (name: string, place: Place) =>
    rateOf(`${id}/${name}`, tallyClusters(table, group.sources, place, units), studySeed);
  const side = (place: Place) => ({ sources: group.sources, place });
  return {
    ...groupFacts(group),
    id,
    unsafe: rate('unsafe', sides.unsafe),
    counterparts: rate('counterparts', sides.counterparts),
    test: sidesTest(context, `${id}/difference`, [side(sides.unsafe), side(sides.counterparts)], units),
  };
}

export function corruptionCounterparts(context: CorruptionContext): Counterparts {
  const sides = sidesOf(context);
  const rows = context.groups
    .map((group) => rowOf(context, sides, group))
    .filter(({ unsafe, counterparts }) => unsafe.total + counterparts.total > 0);
  if (rows.length === 0)
    return {
      reason: 'no unsafe prompt of this study has a benign counterpart of the same pair id.',
      rows: [],
      families: [],
    };
  const families = (['unsafe', 'counterparts'] as const).flatMap((prompts) => {
    const id = `corruption/${context.corruption.facts.judge}/twins/families/${prompts}`;
    const test = reversed(familiesTest(context, id, sides[prompts], pairUnits(context.table)));
    return test === null ? [] : [{ prompts, test }];
  });
  return { reason: null, rows, families };
}
