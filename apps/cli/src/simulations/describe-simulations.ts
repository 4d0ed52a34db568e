/**
 * The proof that the statistics are right: each claim is recovered over simulated generators where it is planted, and
 * rejected at its nominal level where it is false, over 20 seeds in `npm test` and over 200 in `npm run test:all`.
 * `write-results.ts` publishes the counts over 200.
 */
import type { ClaimName } from '@diptych/plugin-kit';
import { describe, expect, it } from 'vitest';
import { besideTheClaim, familiesAlike, planted, type Scenario } from './scenarios.ts';
import { boundsOf, fewestFound, fewNullSeeds, nullSeeds, plantedSeeds, type ScenarioTally, tallyScenario } from './tally.ts';

function expectTruths({ truths }: Scenario, { seeds, bySubject, falselySupported }: ScenarioTally): void {
  const bounds = boundsOf(seeds);
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

const ofClaim = (scenarios: readonly Scenario[], claim: ClaimName): Scenario[] =>
  scenarios.filter((scenario) => scenario.claim === claim);

function describeFalse(claim: ClaimName, seeds: number): void {
  it.each(ofClaim([...familiesAlike, ...besideTheClaim], claim))(
    `is rejected at its nominal level over ${seeds} seeds: $name`,
    async (scenario) => {
      expectTruths(scenario, await tallyScenario(scenario, seeds));
    },
    900_000,
  );
}

export function describeSimulations(claim: ClaimName): void {
  describe(`the claim ${claim} over simulated generators`, () => {
    it.each(ofClaim(planted, claim))(
      `is recovered in nine of ten of ${plantedSeeds} seeds: $name`,
      async (scenario) => {
        expectTruths(scenario, await tallyScenario(scenario, plantedSeeds));
      },
      600_000,
    );
    describeFalse(claim, fewNullSeeds);
  });
}

/** The claim where it is false, over as many seeds as a lower bound of rejections takes. */
export function describeNullSweep(claim: ClaimName): void {
  describe(`the claim ${claim} over simulated generators, all seeds`, () => {
    describeFalse(claim, nullSeeds);
  });
}
