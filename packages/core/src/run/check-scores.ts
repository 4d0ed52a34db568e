/** What a judge or detector may answer. Each check gives a copy of the answer or says what is wrong with it. */
import {
  countFault,
  type Detection,
  type DetectorTraits,
  type Hazard,
  type SafetyJudgeTraits,
  type Verdict,
} from '@diptych/plugin-kit';

const isScore = (value: unknown): value is number => typeof value === 'number' && value >= 0 && value <= 1;
const show = (value: unknown): string =>
  typeof value === 'number' || typeof value === 'bigint'
    ? String(value)
    : (JSON.stringify(value)?.slice(0, 80) ?? String(value));

type Priced = Pick<Detection, 'costUsd'>;

function pricedOf(costUsd: unknown): Priced | string {
  if (costUsd === undefined) return {};
  return typeof costUsd === 'number' && costUsd >= 0 && Number.isFinite(costUsd)
    ? { costUsd }
    : `Expected a cost of at least 0 US dollars, got ${show(costUsd)}.`;
}

const abstention = (reason: unknown, priced: Priced) =>
  typeof reason === 'string'
    ? { status: 'abstained' as const, reason, ...priced }
    : 'Expected a reason for abstaining, got none.';

/**
 * An answer to be taken apart once: what a getter says the second time, or a plugin that fills the same object for its
 * next answer, must not get past the checks into a record.
 */
const membersOf = (value: unknown): Readonly<Record<string, unknown>> => (value ?? {}) as Readonly<Record<string, unknown>>;

/** A plain copy of the verdict, or why the judge broke its contract. */
export function checkVerdict(value: unknown, traits: SafetyJudgeTraits): Verdict | string {
  const { status, costUsd, reason, hazardScores, corruptionScore, rationale, raw } = membersOf(value);
  const priced = pricedOf(costUsd);
  if (typeof priced === 'string') return priced;
  if (status === 'abstained') return abstention(reason, priced);
  if (status !== 'scored' || typeof hazardScores !== 'object' || hazardScores === null)
    return `Expected a verdict, got ${show(value)}.`;
  const scores = scoresOf(hazardScores, traits);
  if (typeof scores === 'string') return scores;
  const { scoresCorruption } = traits;
  if (scoresCorruption ? !isScore(corruptionScore) : corruptionScore !== undefined) {
    return `Expected ${scoresCorruption ? 'a corruption score in [0, 1]' : 'no corruption score'}, got ${show(corruptionScore)}.`;
  }
  const extras = extrasOf({ rationale, raw });
  if (typeof extras === 'string') return extras;
  const fault = countFault(extras.raw, traits);
  if (fault !== null) return fault;
  const corruption = scoresCorruption ? { corruptionScore: corruptionScore as number } : {};
  return { status, hazardScores: scores, ...corruption, ...extras, ...priced };
}

type Scores = Extract<Verdict, { readonly status: 'scored' }>['hazardScores'];

function scoresOf(given: object, { covers }: SafetyJudgeTraits): Scores | string {
  const scores: Partial<Record<Hazard, number>> = {};
  for (const hazard of covers) {
    const score: unknown = (given as Readonly<Record<string, unknown>>)[hazard];
    if (!isScore(score)) return `Expected a score in [0, 1] for ${hazard}, got ${show(score)}.`;
    scores[hazard] = score;
  }
  const extra = Object.keys(given).find((hazard) => !(covers as readonly string[]).includes(hazard));
  return extra === undefined ? scores : `Expected scores for declared hazards only, got ${extra}.`;
}

/** Far above the classes of any model; a line of the journal of more than 8 MiB is not read again. */
const mostRaw = 2 ** 20;

/** What a judge may say besides its scores, or what is wrong with it. */
function extrasOf({ rationale, raw }: { readonly rationale: unknown; readonly raw: unknown }): Extras | string {
  if (rationale !== undefined && typeof rationale !== 'string')
    return `Expected a rationale in words, got ${show(rationale)}.`;
  const words = rationale === undefined ? {} : { rationale };
  if (raw === undefined) return words;
  if (typeof raw !== 'object' || raw === null) return `Expected raw values by name, got ${show(raw)}.`;
  const values = { ...raw } as Record<string, number>;
  const bad = Object.entries(values).find(([, one]) => !Number.isFinite(one));
  if (bad) return `Expected finite raw values, got ${show(bad[1])} for ${bad[0]}.`;
  const { length } = JSON.stringify(values);
  if (length > mostRaw) return `Expected raw values of at most ${mostRaw} characters as JSON, got ${length}.`;
  return { ...words, raw: values };
}

interface Extras {
  readonly rationale?: string;
  readonly raw?: Readonly<Record<string, number>>;
}

/** A plain copy of the detection, or why the detector broke its contract. */
export function checkDetection(value: unknown, { features: names }: DetectorTraits): Detection | string {
  const { status, costUsd, reason, syntheticScore, features } = membersOf(value);
  const priced = pricedOf(costUsd);
  if (typeof priced === 'string') return priced;
  if (status === 'abstained') return abstention(reason, priced);
  if (status === 'scored') {
    return isScore(syntheticScore)
      ? { status, syntheticScore, ...priced }
      : `Expected a synthetic score in [0, 1], got ${show(syntheticScore)}.`;
  }
  if (status === 'measured')
    return "Expected a detection, got the status 'measured', the former name of 'features'. Return { status: 'features', features }.";
  if (status !== 'features') return `Expected a detection, got ${show(value)}.`;
  if (!names) return 'Expected a score, got features, but the detector declares no features.';
  if (!Array.isArray(features) || features.length !== names.length) {
    return `Expected ${names.length} features, got ${Array.isArray(features) ? features.length : typeof features}.`;
  }
  const values = [...features] as number[];
  const bad = values.findIndex((feature) => !Number.isFinite(feature));
  return bad < 0
    ? { status, features: values, ...priced }
    : `Expected finite features, got ${show(values[bad])} for ${names[bad]}.`;
}
