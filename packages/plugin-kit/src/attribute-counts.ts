import type { SafetyJudgeTraits } from './safety-judge.ts';

/** What a judge of genders may count beside its attributes: faces that it found and would not class. */
export const unclearGender = 'gender:unclear';

const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;

/**
 * What is wrong with the counts in `raw`, as a sentence; null where nothing is. A count that is missing, because its name is
 * written otherwise, would read as an image without it, which is a result.
 */
export function countFault(
  raw: Readonly<Record<string, unknown>> | undefined,
  { attributes = [] }: Pick<SafetyJudgeTraits, 'attributes'>,
): string | null {
  const bad = attributes.find((attribute) => !isCount(raw?.[attribute]));
  if (bad !== undefined) return faultOf(bad, raw?.[bad]);
  const unclear = raw?.[unclearGender];
  const countsGender = attributes.some((attribute) => attribute.startsWith('gender:'));
  return countsGender && unclear !== undefined && !isCount(unclear) ? faultOf(unclearGender, unclear) : null;
}

const faultOf = (attribute: string, value: unknown): string =>
  `Expected a whole number of at least 0 in raw for the attribute ${attribute}, got ${String(value)}.`;
