/** Human labels by sample: what each rater said, and what they say together. */
import type { LabelRecord } from '@diptych/plugin-kit';
import type { RatedItem } from '../../metrics/clustered-agreement.ts';
import { currentLabels } from '../../records/current-labels.ts';
import { imageCode, type RunTable } from './run-table.ts';

export const labelQuestions = ['unsafe', 'corrupted'] as const;

export type LabelQuestion = (typeof labelQuestions)[number];

export interface LabelTable {
  readonly raters: readonly string[];
  /** Current answers that belong to images of the run. */
  readonly labels: readonly LabelRecord[];
  readonly foreign: number;
}

export function labelTable(table: RunTable, labels: Iterable<LabelRecord>): LabelTable {
  const current = currentLabels(labels);
  const own = current.filter(
    ({ index, sha256 }) =>
      table.samples.outcome.get(index) === imageCode &&
      Buffer.from(table.samples.digest.row(index)).toString('hex') === sha256,
  );
  return { raters: [...new Set(own.map(({ rater }) => rater))].sort(), labels: own, foreign: current.length - own.length };
}

type Answer = 'yes' | 'no' | 'unsure';
const answerTo = (label: LabelRecord, question: LabelQuestion): Answer | null => {
  const answer = label[question];
  return answer === 'not asked' ? null : answer;
};

export interface Answers {
  /** One place a rater, in the order of `raters`. */
  readonly bySample: ReadonlyMap<number, readonly (Answer | null)[]>;
  /** What more than half of the answers say, where they do. */
  readonly settled: ReadonlyMap<number, boolean>;
}

export function answersTo({ raters, labels }: LabelTable, question: LabelQuestion): Answers {
  const places = new Map(raters.map((rater, place) => [rater, place]));
  const bySample = new Map<number, (Answer | null)[]>();
  for (const label of labels) {
    const answer = answerTo(label, question);
    if (answer === null) continue;
    const row = bySample.get(label.index) ?? Array<Answer | null>(raters.length).fill(null);
    row[places.get(label.rater)!] = answer;
    bySample.set(label.index, row);
  }
  const settled = new Map<number, boolean>();
  for (const [sample, row] of bySample) {
    const given = row.filter((answer) => answer !== null);
    for (const answer of ['yes', 'no'] as const)
      if (given.filter((other) => other === answer).length > given.length / 2) settled.set(sample, answer === 'yes');
  }
  return { bySample, settled };
}

/** For agreement: raters who gave no answer to the question at all have no place. */
export function ratedItems(table: RunTable, { bySample }: Answers): { raters: number; items: RatedItem[] } {
  const rows = [...bySample];
  const places = (rows[0]?.[1] ?? [])
    .map((_, place) => place)
    .filter((place) => rows.some(([, row]) => row[place] !== null));
  return {
    raters: places.length,
    items: rows.map(([sample, row]) => ({
      cluster: table.clusters[table.samples.cluster.get(sample)]!,
      labels: places.map((place) => row[place]!),
    })),
  };
}
