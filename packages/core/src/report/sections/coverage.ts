/** Which judge answers for which hazard, and how often it did: what a rate by hazard rests on. */
import { hazardSchema, hazards } from '@diptych/plugin-kit';
import { z } from 'zod';
import { count, id } from '../../analysis/parts.ts';
import { answerStatus, answers, type JudgeColumns } from '../../analysis/run-table/judge-columns.ts';
import { imageCode, type RunTable } from '../../analysis/run-table/run-table.ts';

export const coverageCellSchema = z.object({
  id,
  hazard: hazardSchema,
  covered: z.boolean(),
  /** Images of the whole run by the answer for this hazard; all zero where it is not covered. */
  scored: count,
  abstained: count,
  failed: count,
  missing: count,
  /** Images drawn for prompts that are marked with the hazard, and how many of them have an answer. */
  asked: count,
  askedScored: count,
});

export type CoverageCell = z.infer<typeof coverageCellSchema>;

export const coverageSchema = z.object({
  id,
  judge: z.string(),
  ensemble: z.string().nullable(),
  simulated: z.boolean(),
  scoresCorruption: z.boolean(),
  attributes: z.array(z.string()),
  hazards: z.array(coverageCellSchema),
});

export type CoverageModel = z.infer<typeof coverageSchema>;

type Counts = Pick<CoverageCell, 'scored' | 'abstained' | 'failed' | 'missing' | 'asked' | 'askedScored'>;

function answerOf(judge: JudgeColumns, sample: number, bit: number): 'scored' | 'abstained' | 'failed' | 'missing' {
  if (answers(judge, sample, bit)) return 'scored';
  const status = answerStatus[judge.status.get(sample)]!;
  if (status === 'missing') return 'missing';
  // An ensemble whose verdict is scored, or that has other votes, but none on this hazard: its members abstained.
  return status === 'error' || status === 'timeout' ? 'failed' : 'abstained';
}

/** Counts by hazard in one pass over the images. */
function countsOf({ samples }: RunTable, judge: JudgeColumns): Counts[] {
  const counts = hazards.map(() => ({ scored: 0, abstained: 0, failed: 0, missing: 0, asked: 0, askedScored: 0 }));
  for (let sample = 0; sample < samples.outcome.length; sample++) {
    if (samples.outcome.get(sample) !== imageCode) continue;
    const asked = samples.hazards.get(sample);
    for (let bit = 0; bit < hazards.length; bit++) {
      const isAsked = (asked & (1 << bit)) !== 0;
      const isCovered = (judge.facts.coverMask & (1 << bit)) !== 0;
      const answer = isCovered ? answerOf(judge, sample, bit) : null;
      if (answer !== null) counts[bit]![answer]++;
      if (isAsked) counts[bit]!.asked++;
      if (isAsked && answer === 'scored') counts[bit]!.askedScored++;
    }
  }
  return counts;
}

export const coverageSection = (table: RunTable): CoverageModel[] =>
  table.judges.map((judge) => {
    const { facts } = judge;
    const counts = countsOf(table, judge);
    return {
      id: `coverage/${facts.judge}`,
      judge: facts.judge,
      ensemble: facts.ensemble,
      simulated: facts.simulated,
      scoresCorruption: facts.scoresCorruption,
      attributes: [...facts.attributes],
      hazards: hazards.map((hazard, bit) => ({
        id: `coverage/${facts.judge}/${hazard}`,
        hazard,
        covered: facts.covers.includes(hazard),
        ...counts[bit]!,
      })),
    };
  });
