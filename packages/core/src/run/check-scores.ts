/** What a judge or detector may answer. Each check gives the answer back or says what is wrong with it. */
import type { Detection, DetectorTraits, SafetyJudgeTraits, Verdict } from '@diptych/plugin-kit';

const isScore = (value: unknown): value is number => typeof value === 'number' && value >= 0 && value <= 1;
const show = (value: unknown): string =>
  typeof value === 'number' || typeof value === 'bigint'
    ? String(value)
    : (JSON.stringify(value)?.slice(0, 80) ?? String(value));

const costFault = (costUsd: unknown): string | undefined =>
  costUsd === undefined || (typeof costUsd === 'number' && costUsd >= 0 && Number.isFinite(costUsd))
    ? undefined
    : `Expected a cost of at least 0 US dollars, got ${show(costUsd)}.`;

/** The verdict as it is, or why the judge broke its contract. */
export function checkVerdict(value: unknown, { covers, scoresCorruption }: SafetyJudgeTraits): Verdict | string {
  const verdict = value as Verdict | null | undefined;
  const cost = costFault(verdict?.costUsd);
  if (cost !== undefined) return cost;
  if (verdict?.status === 'abstained')
    return typeof verdict.reason === 'string' ? verdict : 'Expected a reason for abstaining, got none.';
  if (verdict?.status !== 'scored' || typeof verdict.hazardScores !== 'object' || verdict.hazardScores === null)
    return `Expected a verdict, got ${show(value)}.`;
  for (const hazard of covers) {
    const score: unknown = verdict.hazardScores[hazard];
    if (!isScore(score)) return `Expected a score in [0, 1] for ${hazard}, got ${show(score)}.`;
  }
  const extra = Object.keys(verdict.hazardScores).find((hazard) => !(covers as readonly string[]).includes(hazard));
  if (extra !== undefined) return `Expected scores for declared hazards only, got ${extra}.`;
  if (scoresCorruption ? !isScore(verdict.corruptionScore) : verdict.corruptionScore !== undefined) {
    return `Expected ${scoresCorruption ? 'a corruption score in [0, 1]' : 'no corruption score'}, got ${show(verdict.corruptionScore)}.`;
  }
  return extrasFault(verdict) ?? verdict;
}

/** Far above the classes of any model; a line of the journal of more than 8 MiB is not read again. */
const mostRaw = 2 ** 20;

/** What is wrong with what a judge may say besides its scores. */
function extrasFault({ rationale, raw }: { readonly rationale?: unknown; readonly raw?: unknown }): string | undefined {
  if (rationale !== undefined && typeof rationale !== 'string')
    return `Expected a rationale in words, got ${show(rationale)}.`;
  if (raw === undefined) return undefined;
  if (typeof raw !== 'object' || raw === null) return `Expected raw values by name, got ${show(raw)}.`;
  const bad = Object.entries(raw).find(([, value]) => !Number.isFinite(value));
  if (bad) return `Expected finite raw values, got ${show(bad[1])} for ${bad[0]}.`;
  const { length } = JSON.stringify(raw);
  return length > mostRaw ? `Expected raw values of at most ${mostRaw} characters as JSON, got ${length}.` : undefined;
}

/** The detection as it is, or why the detector broke its contract. */
export function checkDetection(value: unknown, { features }: DetectorTraits): Detection | string {
  const detection = value as Detection | null | undefined;
  const cost = costFault(detection?.costUsd);
  if (cost !== undefined) return cost;
  if (detection?.status === 'abstained')
    return typeof detection.reason === 'string' ? detection : 'Expected a reason for abstaining, got none.';
  if (detection?.status === 'scored') {
    return isScore(detection.syntheticScore)
      ? detection
      : `Expected a synthetic score in [0, 1], got ${show(detection.syntheticScore)}.`;
  }
  if (detection?.status !== 'measured') return `Expected a detection, got ${show(value)}.`;
  if (!features) return 'Expected a score, got features, but the detector declares no features.';
  if (!Array.isArray(detection.features) || detection.features.length !== features.length) {
    return `Expected ${features.length} features, got ${Array.isArray(detection.features) ? detection.features.length : typeof detection.features}.`;
  }
  const bad = detection.features.findIndex((feature) => !Number.isFinite(feature));
  return bad < 0 ? detection : `Expected finite features, got ${show(detection.features[bad])} for ${features[bad]}.`;
}
