/**
 * The proof that the statistics are right: each claim is recovered over simulated generators where it is planted, and
 * rejected at its nominal level over 200 seeds where it is false. `write-results.ts` publishes the same counts.
 */
import type { ClaimName } from '@diptych/plugin-kit';
import { describe, expect, it } from 'vitest';
import { besideTheClaim, familiesAlike, planted, type Scenario } from './scenarios.ts';
import { bounds, fewestFound, nullSeeds, plantedSeeds, type ScenarioTally, tallyScenario } from './tally.ts';

function expectTruths({ truths }: Scenario, { seeds, bySubject, falselySupported }: ScenarioTally): void {
  expect([...bySubject.keys()].sort()).toEqual(Object.keys(truths).sort());
  for (const [subject, { tested, supported, rejected }] of bySubject) {
    const truth = truths[subject];
    expect(tested, subject).toBe(seeds);
    if (truth === 'found') {
      expect(supported, subject).toBeGreaterThanOrEqual(fewestFound * seeds);
      continue;
    }
    expect(rejected, subject).toBeLessThanOrEqual(bounds.most);
    if (truth === 'level') expect(rejected, subject).toBeGreaterThanOrEqual(bounds.fewest);
    expect(supported, subject).toBeLessThanOrEqual(bounds.mostSupported);
  }
  expect(falselySupported).toBeLessThanOrEqual(bounds.mostSupported);
}

export function describeSimulations(claim: ClaimName): void {
  const isOwn = (scenario: Scenario): boolean => scenario.claim === claim;

  describe(`the claim ${claim} over simulated generators`, () => {
    it.each(planted.filter(isOwn))(
      `is recovered in nine of ten of ${plantedSeeds} seeds: $name`,
      async (scenario) => {
        expectTruths(scenario, await tallyScenario(scenario, plantedSeeds));
      },
      600_000,
    );

    it.each([...familiesAlike, ...besideTheClaim].filter(isOwn))(
      `is rejected at its nominal level over ${nullSeeds} seeds: $name`,
      async (scenario) => {
        expectTruths(scenario, await tallyScenario(scenario, nullSeeds));
      },
      900_000,
    );
  });
}
