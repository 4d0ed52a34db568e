/** How often each subject of a claim is rejected, and supported, over many seeds of one scenario. */
import { analyse } from '@diptych/core';
import type { Scenario } from './scenarios.ts';
import { simulatedRun } from './simulated-runs.ts';

export interface Tally {
  tested: number;
  /** Two-sided, before Holm's correction. */
  rejected: number;
  /** After Holm's correction, in the direction of the claim. */
  supported: number;
}

export interface ScenarioTally {
  readonly seeds: number;
  readonly bySubject: ReadonlyMap<string, Tally>;
  /** Runs in which something false is supported. */
  readonly falselySupported: number;
}

export async function tallyScenario(scenario: Scenario, seeds: number): Promise<ScenarioTally> {
  const bySubject = new Map<string, Tally>();
  let falselySupported = 0;
  for (let seed = 1; seed <= seeds; seed++) {
    const { manifest, records } = await simulatedRun(scenario, seed);
    let isFalse = false;
    for (const { subject, verdict, test } of (await analyse(manifest, records)).claims) {
      const counts = bySubject.get(subject) ?? { tested: 0, rejected: 0, supported: 0 };
      bySubject.set(subject, counts);
      const pValue = test?.pValue ?? null;
      if (pValue !== null) counts.tested += 1;
      if (pValue !== null && pValue < 0.05) counts.rejected += 1;
      if (verdict !== 'supported') continue;
      counts.supported += 1;
      isFalse ||= scenario.truths[subject] !== 'found';
    }
    if (isFalse) falselySupported += 1;
  }
  return { seeds, bySubject, falselySupported };
}

/** Of a claim that is true; it is found in nine of ten of any number of runs. */
export const plantedSeeds = 20;
export const fewestFound = 0.9;

/** Of claims that are false: in `npm test`, and in `npm run test:all` and the published table. */
export const fewNullSeeds = 20;
export const nullSeeds = 200;

export interface Bounds {
  readonly fewest: number;
  readonly most: number;
  readonly mostSupported: number;
}

/**
 * How often a test at level 0.05 rejects, and in how many runs something false is supported, which asks for the right
 * direction as well: a level of 0.025. All probabilities are binomial. A test that rejects seldomer has no lower bound.
 *
 * Of 200: fewer than 3 reject with probability 0.0023 and more than 20 with 0.0012, so that a right test falls outside these
 * bounds 3.5 times in 1,000; more than 12 are supported with probability 0.0017.
 *
 * Of 20: more than 4 reject with probability 0.0026 and more than 3 are supported with 0.0014. None at all reject with
 * probability 0.36, so that there is no lower bound: that a test rejects too seldom is seen with 200 seeds only.
 */
const boundsBySeeds: Readonly<Record<number, Bounds>> = {
  [fewNullSeeds]: { fewest: 0, most: 4, mostSupported: 3 },
  [nullSeeds]: { fewest: 3, most: 20, mostSupported: 12 },
};

export function boundsOf(seeds: number): Bounds {
  const bounds = boundsBySeeds[seeds];
  if (bounds === undefined) throw new Error(`Expected ${Object.keys(boundsBySeeds).join(' or ')} seeds, received ${seeds}.`);
  return bounds;
}
