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

export const nullSeeds = 200;
export const plantedSeeds = 20;

/**
 * Of 200 tests at level 0.05, fewer than 3 reject with probability 0.0023 and more than 20 with 0.0012 (binomial), so that a
 * right test falls outside these bounds 3.5 times in 1,000. `supported` asks for the right direction as well, a level of
 * 0.025: more than 12 have a probability of 0.0017. A test that rejects seldomer has no lower bound.
 */
export const bounds = { fewest: 3, most: 20, mostSupported: 12 };
/** Of 20 and of 200 runs: a claim that is true is found in nine of ten. */
export const fewestFound = 0.9;
