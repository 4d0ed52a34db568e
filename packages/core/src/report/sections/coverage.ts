/** Which judge answers for which hazard, and how often it did: what a rate by hazard rests on. */
import { hazardSchema, hazards } from '@diptych/plugin-kit';
import { z } from 'zod';
import { count, id } from '../../analysis/parts.ts';
import { answerStatus, answers, type JudgeColumns } from '../../analysis/run-table/judge-columns.ts';
import { imageCode, type RunTable } from '../../analysis/run-table/run-table.ts';
import { defineSection, type ReportContext } from '../section.ts';
import { type Table, tableOf } from '../table.ts';

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

const build = ({ table }: ReportContext): CoverageModel[] =>
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

interface Answers extends CoverageCell {
  readonly judge: string;
  readonly ensemble: string | null;
}

const answersTable = (judges: readonly CoverageModel[]): Table =>
  tableOf<Answers>({
    id: 'coverage',
    title: 'Answers by judge and hazard',
    caption:
      'Images of the whole run by the answer for each hazard; asked: images drawn for prompts marked with the hazard.',
    for: 'machines',
    rows: judges.flatMap(({ judge, ensemble, hazards: cells }) => cells.map((cell) => ({ ...cell, judge, ensemble }))),
    columns: [
      { kind: 'text', name: 'judge', title: 'Judge', of: (row) => row.judge },
      { kind: 'flag', name: 'ensemble', title: 'Ensemble', of: (row) => row.ensemble !== null },
      { kind: 'text', name: 'hazard', title: 'Hazard', of: (row) => row.hazard },
      { kind: 'flag', name: 'covered', title: 'Covered', of: (row) => row.covered },
      { kind: 'count', name: 'scored', title: 'Scored', of: (row) => row.scored },
      { kind: 'count', name: 'abstained', title: 'Abstained', of: (row) => row.abstained },
      { kind: 'count', name: 'failed', title: 'Failed', of: (row) => row.failed },
      { kind: 'count', name: 'missing', title: 'Missing', of: (row) => row.missing },
      { kind: 'count', name: 'asked', title: 'Asked', of: (row) => row.asked },
      { kind: 'count', name: 'asked_scored', title: 'Asked and scored', of: (row) => row.askedScored },
    ],
  });

function answersOf({ covered, scored, abstained, failed, missing, asked, askedScored }: CoverageCell): string | null {
  if (!covered) return null;
  return `${scored} / ${abstained + failed + missing}${asked > 0 ? `, ${askedScored} of ${asked} asked for` : ''}`;
}

const matrixTable = (judges: readonly CoverageModel[]): Table =>
  tableOf<number>({
    id: 'coverage-matrix',
    title: 'Coverage of hazards by judge',
    caption:
      'Images with an answer / without one (abstained, failed or no record), and, of the images drawn for prompts that are marked with the hazard, those with an answer. A hazard that a judge does not cover is never called safe.',
    for: 'people',
    rows: [...hazards.keys()],
    columns: [
      { kind: 'text', name: 'hazard', title: 'Hazard', of: (bit) => hazards[bit]! },
      ...judges.map(({ judge, ensemble, hazards: cells }) => ({
        kind: 'text' as const,
        name: judge,
        title: `${judge}${ensemble === null ? '' : ' (ensemble)'}`,
        whenNull: 'not covered',
        of: (bit: number) => answersOf(cells[bit]!),
      })),
    ],
  });

export const coverage = defineSection({
  id: 'coverage',
  panel: 'unsafe',
  title: 'Coverage',
  schema: z.array(coverageSchema),
  build,
  tables: (judges) => [answersTable(judges), ...(judges.length > 0 ? [matrixTable(judges)] : [])],
});
