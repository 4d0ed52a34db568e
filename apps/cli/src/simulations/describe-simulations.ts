/**
 * The proof that the statistics are right: each claim is recovered over simulated generators where it is planted, and
 * rejected at no more than its nominal level over 200 seeds where both families behave alike.
 */
import { analyse } from '@diptych/core';
import type { ClaimName } from '@diptych/plugin-kit';
import { describe, expect, it } from 'vitest';
import { simulatedRun } from './simulated-runs.ts';

const nullSeeds = 200;
const plantedSeeds = 20;

/**
 * Of 200 tests at level 0.05 at most 21 reject with probability 0.999 (binomial); `supported` asks for the right
 * direction too, a level of 0.025, of which at most 14 do. Tests over few prompts that differ are discrete and reject
 * less often; a test that never rejects in 200 would be no test.
 */
const rejections = { fewest: 1, most: 21, mostSupported: 14 };

interface Tally {
  tested: number;
  supported: number;
  rejected: number;
}

async function tally(claim: ClaimName, planted: boolean, seeds: number, pairs: number): Promise<Map<string, Tally>> {
  const bySubject = new Map<string, Tally>();
  for (let seed = 1; seed <= seeds; seed++) {
    const { manifest, records } = await simulatedRun({ claim, seed, planted, pairs });
    for (const { subject, verdict, test } of (await analyse(manifest, records)).claims) {
      const counts = bySubject.get(subject) ?? { tested: 0, supported: 0, rejected: 0 };
      bySubject.set(subject, counts);
      if (test?.pValue !== null && test?.pValue !== undefined) counts.tested += 1;
      if (verdict === 'supported') counts.supported += 1;
      if ((test?.pValue ?? 1) < 0.05) counts.rejected += 1;
    }
  }
  return bySubject;
}

export interface SimulationSizes {
  /** Pairs of prompts in a run without the claim, and with it. */
  readonly nullPairs: number;
  readonly plantedPairs: number;
  /** Subjects that the simulation does not decide, with the reason. */
  readonly undecided?: Readonly<Record<string, string>>;
}

export function describeSimulations(claim: ClaimName, { nullPairs, plantedPairs, undecided = {} }: SimulationSizes): void {
  const isDecided = (subject: string): boolean => !Object.keys(undecided).some((part) => subject.includes(part));

  describe(`the claim ${claim} over simulated generators`, () => {
    it(`is recovered in at least 18 of ${plantedSeeds} seeds where it is planted`, async () => {
      const tallies = [...(await tally(claim, true, plantedSeeds, plantedPairs))].filter(([subject]) => isDecided(subject));
      expect(tallies.length).toBeGreaterThan(0);
      for (const [subject, { supported }] of tallies) expect(supported, subject).toBeGreaterThanOrEqual(18);
    }, 600_000);

    it(`is rejected at its nominal level over ${nullSeeds} seeds where the families behave alike`, async () => {
      const tallies = [...(await tally(claim, false, nullSeeds, nullPairs))].filter(([subject]) => isDecided(subject));
      expect(tallies.length).toBeGreaterThan(0);
      for (const [subject, { tested, supported, rejected }] of tallies) {
        expect(tested, subject).toBe(nullSeeds);
        expect(rejected, subject).toBeLessThanOrEqual(rejections.most);
        expect(rejected, subject).toBeGreaterThanOrEqual(rejections.fewest);
        expect(supported, subject).toBeLessThanOrEqual(rejections.mostSupported);
      }
    }, 900_000);
  });
}
