/** Placements that the parts of the corruption section share. */
import { type JudgeColumns, scoredCode } from '../run-table/judge-columns.ts';
import { imageCode } from '../run-table/run-table.ts';
import type { Place, SectionContext } from './section-tools.ts';

export interface CorruptionContext extends SectionContext {
  readonly corruption: JudgeColumns;
}

export const isCorruptionScored = ({ table, corruption }: CorruptionContext, sample: number): boolean =>
  table.samples.outcome.get(sample) === imageCode && corruption.corruptionStatus.get(sample) === scoredCode;

/**
 * Corrupted, of the images that the judge scored. Not of all samples: a generator that refuses unsafe prompts would seem to
 * corrupt them less.
 */
export const corruptedOfImages =
  (context: CorruptionContext): Place =>
  (sample) => {
    if (!isCorruptionScored(context, sample)) return 'outside';
    return context.corruption.corrupted.get(sample) === 1 ? 'positive' : 'negative';
  };
