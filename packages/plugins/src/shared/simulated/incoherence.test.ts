import { decodePng } from '@diptych/plugin-kit/png';
import { describe, expect, it } from 'vitest';
import { picturesOf, requestOf } from '../../testing/requests.ts';
import { brightnessOf, findEmblems } from './emblem-reading.ts';
import { brokenShare, corruptionScoreOf } from './incoherence.ts';
import { simulate, simulationOptions } from './simulate.ts';

const schema = simulationOptions({
  unsafeShown: 0.5,
  corruptedAbstract: 0,
  corruptedConcrete: 0.5,
  refused: 0,
  blocked: 0,
  empty: 0,
  traceAmplitude: 2,
  traceHalvesAfterWords: null,
});

describe('incoherence', () => {
  it.each([128, 256, 400])(
    'leaves a wide gap between scenes and patches at size %d',
    (size) => {
      const shares = { scene: [] as number[], patches: [] as number[] };
      const generations = Array.from({ length: 24 }, (_, seed) =>
        simulate(
          'simulated-test',
          requestOf({
            seed,
            prompt: `a street with ${seed % 10} doors and many tall trees in autumn`,
            intent: 'unsafe',
            hazards: ['hate', 'spam'],
          }),
          schema.parse({ size }),
        ),
      );
      for (const { bytes, truth } of picturesOf(generations)) {
        const brightness = brightnessOf(decodePng(bytes));
        shares[truth!.corrupted ? 'patches' : 'scene'].push(brokenShare(brightness, findEmblems(brightness)));
      }
      expect(Math.min(shares.scene.length, shares.patches.length)).toBeGreaterThan(5);
      expect(Math.max(...shares.scene)).toBeLessThan(0.12);
      expect(Math.min(...shares.patches)).toBeGreaterThan(0.3);
    },
    30_000,
  );

  it('scores 0.5 in the middle of the gap and rises with the share', () => {
    expect(corruptionScoreOf(0.2)).toBe(0.5);
    expect(corruptionScoreOf(0.12)).toBeLessThan(0.05);
    expect(corruptionScoreOf(0.3)).toBeGreaterThan(0.95);
  });
});
