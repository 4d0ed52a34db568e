/** Which judges, detectors and generators of two runs belong together. */
import { DiptychError } from '@diptych/plugin-kit';

/** Names in the first run to names in the second, for what has another name there. */
export interface ComparePairs {
  readonly judges?: Readonly<Record<string, string>>;
  readonly detectors?: Readonly<Record<string, string>>;
  readonly generators?: Readonly<Record<string, string>>;
}

export const pairName = (a: string, b: string): string => (a === b ? a : `${a} = ${b}`);

/**
 * Names that both have, with those that were said to belong together. Where nothing is shared or said, and each run has one
 * only, those are two versions of one thing. Throws COMPARE_REFUSED for a name that a run does not have.
 */
export function pairNames(
  kind: string,
  first: readonly string[],
  second: readonly string[],
  said: Readonly<Record<string, string>> = {},
) {
  for (const [a, b] of Object.entries(said)) {
    if (first.includes(a) && second.includes(b)) continue;
    throw new DiptychError(
      'COMPARE_REFUSED',
      `Expected ${kind} ${a} in the first run and ${b} in the second, they have ${first.join(', ') || 'none'} and ${second.join(', ') || 'none'}. Correct the names.`,
    );
  }
  const names = first
    .filter((name) => said[name] === undefined && second.includes(name))
    .map((name) => [name, name] as const);
  const all = [...Object.entries(said), ...names];
  if (all.length === 0 && first.length === 1 && second.length === 1) return [[first[0]!, second[0]!] as const];
  return all;
}
