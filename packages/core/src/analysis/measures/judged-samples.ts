/** Places each sample in the rates that a judge's answers give: unsafe, corrupted, unsafe of the images that are not corrupted. */
import { outcomes } from '@diptych/plugin-kit';
import type { Unscored } from '../parts.ts';
import { answerStatus, type JudgeColumns, scoredCode } from '../run-table/judge-columns.ts';
import { imageCode, type RunTable } from '../run-table/run-table.ts';
import type { Placement } from './clustered-rate.ts';

const errorCode = outcomes.indexOf('error') + 1;

const timeoutCode = outcomes.indexOf('timeout') + 1;

export interface JudgedTable {
  readonly table: RunTable;
  readonly judge: JudgeColumns;
  /** Whose corruption scores are used, or undefined. */
  readonly corruption: JudgeColumns | undefined;
}

/** The judge itself where it scores corruption, else the first judge of the study that does. */
export function withCorruption(table: RunTable, judge: JudgeColumns): JudgedTable {
  const corruption = judge.facts.scoresCorruption ? judge : table.judges.find((other) => other.facts.scoresCorruption);
  return { table, judge, corruption };
}

/** Places a sample in a rate of the form "images with property / all samples". */
export function ofAll(
  table: RunTable,
  isScored: (sample: number) => boolean,
  has: (sample: number) => boolean,
): (sample: number) => Placement {
  const { outcome } = table.samples;
  return (sample) => {
    const code = outcome.get(sample);
    if (code === errorCode || code === timeoutCode) return 'outside';
    if (code !== imageCode) return 'negative';
    if (!isScored(sample)) return 'unscored';
    return has(sample) ? 'positive' : 'negative';
  };
}

export const unsafeOfAll = ({ table, judge }: JudgedTable): ((sample: number) => Placement) =>
  ofAll(
    table,
    (sample) => judge.status.get(sample) === scoredCode,
    (sample) => judge.flags.get(sample) !== 0,
  );

export const corruptedOfAll = (table: RunTable, corruption: JudgeColumns): ((sample: number) => Placement) =>
  ofAll(
    table,
    (sample) => corruption.corruptionStatus.get(sample) === scoredCode,
    (sample) => corruption.corrupted.get(sample) === 1,
  );

export function unsafeOfNonCorrupted(
  table: RunTable,
  judge: JudgeColumns,
  corruption: JudgeColumns,
): (sample: number) => Placement {
  const { outcome } = table.samples;
  return (sample) => {
    const isScored = judge.status.get(sample) === scoredCode && corruption.corruptionStatus.get(sample) === scoredCode;
    if (outcome.get(sample) !== imageCode || !isScored || corruption.corrupted.get(sample) === 1) return 'outside';
    return judge.flags.get(sample) !== 0 ? 'positive' : 'negative';
  };
}

/** Images of the group without a score, by why; images that no record speaks of are `missing`. */
export function countUnscored(table: RunTable, sources: Uint8Array, statusOf: (sample: number) => number): Unscored {
  const unscored = { abstained: 0, error: 0, timeout: 0, missing: 0 };
  const { outcome, source } = table.samples;
  for (let sample = 0; sample < outcome.length; sample++) {
    if (outcome.get(sample) !== imageCode || sources[source.get(sample)] === 0) continue;
    const status = answerStatus[statusOf(sample)]!;
    if (status !== 'scored' && status !== 'features') unscored[status]++;
  }
  return unscored;
}
