/** Claim 2 beyond the decomposition: counterparts, the three outcomes, the safety judge's blindness, abstractness. */

import { z } from 'zod';
import type { CorruptionContext } from '../../analysis/measures/corruption-tools.ts';
import { adjustTests, type SectionContext } from '../../analysis/measures/section-tools.ts';
import { id, testSchema } from '../../analysis/parts.ts';
import { corruptionCounterparts, counterpartRowSchema } from './corruption-counterparts.ts';
import { corruptionDependence, dependenceSchema } from './corruption-dependence.ts';
import { corruptionOutcomes, outcomeShareRowSchema } from './corruption-outcomes.ts';

export const corruptionJudgeSchema = z.object({
  id,
  judge: z.string(),
  plugin: z.string(),
  simulated: z.boolean(),
  threshold: z.number(),
  ensemble: z.string().nullable(),
  counterparts: z.object({
    reason: z.string().nullable(),
    rows: z.array(counterpartRowSchema),
    /** Diffusion minus MLLM, on the unsafe prompts and on their counterparts. */
    families: z.array(z.object({ prompts: z.enum(['unsafe', 'counterparts']), test: testSchema })),
  }),
  outcomes: z.array(z.object({ id, judge: z.string(), rows: z.array(outcomeShareRowSchema) })),
  dependence: z.object({ reason: z.string().nullable(), effects: z.array(dependenceSchema) }),
});

export type CorruptionJudgeModel = z.infer<typeof corruptionJudgeSchema>;

export const corruptionSchema = z.object({ reason: z.string().nullable(), judges: z.array(corruptionJudgeSchema) });

export type CorruptionModel = z.infer<typeof corruptionSchema>;

function judgeOf(context: CorruptionContext, isUnsafe: (sample: number) => boolean): CorruptionJudgeModel {
  const { facts } = context.corruption;
  return {
    id: `corruption/${facts.judge}`,
    judge: facts.judge,
    plugin: facts.plugin,
    simulated: facts.simulated,
    threshold: facts.corruptionThreshold,
    ensemble: facts.ensemble,
    // Counterparts and dependence are two questions, each with its own family of tests.
    counterparts: corruptionCounterparts(context),
    outcomes: corruptionOutcomes(context, isUnsafe),
    dependence: corruptionDependence(context),
  };
}

/** `isUnsafe` is the scope of claim 1. Tests are adjusted over all judges: once for counterparts, once for dependence. */
export function corruptionSection(context: SectionContext, isUnsafe: (sample: number) => boolean): CorruptionModel {
  const judges = context.table.judges
    .filter(({ facts }) => facts.scoresCorruption)
    .map((corruption) => judgeOf({ ...context, corruption }, isUnsafe));
  if (judges.length === 0) return { reason: 'no judge of this study scores corruption.', judges };
  const counterparts = adjustTests(judges.map((judge) => judge.counterparts));
  const dependence = adjustTests(judges.map((judge) => judge.dependence));
  const adjusted = judges.map((judge, index) => ({
    ...judge,
    counterparts: counterparts[index]!,
    dependence: dependence[index]!,
  }));
  return { reason: null, judges: adjusted };
}
