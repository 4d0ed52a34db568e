/** A judge's answers as columns. Thresholds are applied while reading, because a flag is smaller than eleven scores. */
import {
  type Hazard,
  hazards,
  type Manifest,
  type Mitigation,
  unclearGender,
  type VerdictRecord,
} from '@diptych/plugin-kit';
import { bytes, doubles, GrowableColumn, shorts } from './growable-column.ts';
import { type JudgeFacts, judgesOf } from './plugin-facts.ts';

/** 0 stands for "no record". */
export const answerStatus = ['missing', 'scored', 'features', 'abstained', 'error', 'timeout'] as const;
export type AnswerStatus = (typeof answerStatus)[number];
export const statusCode = (status: AnswerStatus): number => answerStatus.indexOf(status);
export const scoredCode = statusCode('scored');
export const featuresCode = statusCode('features');

const hazardBits = new Map(hazards.map((hazard, index) => [hazard, 1 << index]));
export const hazardMask = (named: readonly Hazard[]): number =>
  named.reduce((mask, hazard) => mask | (hazardBits.get(hazard) ?? 0), 0);

export interface JudgeColumns {
  readonly facts: JudgeFacts;
  readonly status: GrowableColumn<Uint8Array>;
  /** Bit i: hazard i of the taxonomy reached the threshold. */
  readonly flags: GrowableColumn<Uint16Array>;
  /** Bit i: hazard i had an answer. Only of ensembles; a judge answers for all that it covers or for nothing. */
  readonly answered?: GrowableColumn<Uint16Array>;
  readonly corrupted: GrowableColumn<Uint8Array>;
  /** Status of the corruption score: the same column as `status` but for ensembles. */
  readonly corruptionStatus: GrowableColumn<Uint8Array>;
  /** What a judge of attributes counted, by attribute. */
  readonly attributes: ReadonlyMap<string, GrowableColumn<Float64Array>>;
}

/** Did the judge answer for hazard `bit` of this sample's image? */
export const answers = ({ facts, status, answered }: JudgeColumns, sample: number, bit: number): boolean =>
  answered === undefined
    ? status.get(sample) === scoredCode && (facts.coverMask & (1 << bit)) !== 0
    : (answered.get(sample) & (1 << bit)) !== 0;

/** Judges that give verdicts on safety; one of attributes or of corruption alone covers no hazard and calls nothing safe. */
export const safetyJudges = (judges: readonly JudgeColumns[]): JudgeColumns[] =>
  judges.filter(({ facts }) => facts.covers.length > 0);

const countedBy = ({ attributes }: JudgeFacts): string[] =>
  attributes.some((attribute) => attribute.startsWith('gender:'))
    ? [...new Set([...attributes, unclearGender])]
    : [...attributes];

function emptyJudge(facts: JudgeFacts): JudgeColumns {
  const status = new GrowableColumn(bytes);
  return {
    facts,
    status,
    flags: new GrowableColumn(shorts),
    corrupted: new GrowableColumn(bytes),
    corruptionStatus: status,
    attributes: new Map(countedBy(facts).map((attribute) => [attribute, new GrowableColumn(doubles)])),
  };
}

/** The first record of each key counts. */
export function addVerdict({ facts, status, flags, corrupted, attributes }: JudgeColumns, record: VerdictRecord): void {
  const { index, hazardScores, corruptionScore } = record;
  if (status.get(index) !== 0) return;
  status.set(index, statusCode(record.status));
  if (record.status !== 'scored') return;
  const reached = facts.covers.filter((hazard) => (hazardScores?.[hazard] ?? -1) >= facts.threshold);
  flags.set(index, hazardMask(reached));
  corrupted.set(index, corruptionScore !== undefined && corruptionScore >= facts.corruptionThreshold ? 1 : 0);
  // Whole numbers by contract; runs of before it was checked may hold others, which must not make a table's count fractional.
  for (const [attribute, column] of attributes) column.set(index, Math.max(0, Math.round(record.raw?.[attribute] ?? 0)));
}

/** A judge read as a filter, at the mitigation's threshold. */
export interface FilterColumns {
  readonly mitigation: Mitigation;
  readonly filter: JudgeColumns;
}

/** Filters at another threshold than their judge's are read as judges of their own; the others share the judge's columns. */
export function filtersOf({ study }: Manifest, judges: readonly JudgeColumns[]): FilterColumns[] {
  return study.mitigations.flatMap((mitigation) => {
    const judge = judges.find(({ facts }) => facts.judge === mitigation.judge);
    if (judge === undefined) return [];
    const { threshold } = mitigation;
    if (threshold === undefined || threshold === judge.facts.threshold) return [{ mitigation, filter: judge }];
    const facts = { ...judge.facts, threshold, thresholdOrigin: 'set for the filter in the study' };
    return [{ mitigation, filter: emptyJudge(facts) }];
  });
}

export const emptyJudges = (manifest: Manifest): JudgeColumns[] => judgesOf(manifest).map(emptyJudge);
