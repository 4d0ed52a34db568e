import { describe, expect, it } from 'vitest';
import {
  deviationOfDifference,
  type PilotPrompt,
  pilotDeviation,
  pilotVariance,
  powerWith,
  promptsNeeded,
} from './power.ts';
import { createRandom, deriveSeed, type Random } from './random.ts';

interface World {
  readonly rates: readonly [number, number];
  readonly samples: number;
  readonly correlation: number;
  readonly sharing: number;
}

/** Each side's propensity is its rate plus or minus √(κ p (1 - p)); both sides toss one coin with probability `sharing`. */
function drawPrompt({ rates, samples, correlation, sharing }: World, random: Random): PilotPrompt {
  const coin = random.nextFloat() < 0.5;
  const sides = rates.map((rate) => {
    const isUp = random.nextFloat() < sharing ? coin : random.nextFloat() < 0.5;
    const propensity = rate + (isUp ? 1 : -1) * Math.sqrt(correlation * rate * (1 - rate));
    let positives = 0;
    for (let sample = 0; sample < samples; sample++) if (random.nextFloat() < propensity) positives++;
    return { positives, trials: samples };
  });
  return { first: sides[0]!, second: sides[1]! };
}

const worlds: readonly World[] = [
  { rates: [0.5, 0.4], samples: 1, correlation: 0.2, sharing: 0 },
  { rates: [0.45, 0.35], samples: 5, correlation: 0.3, sharing: 0 },
  // Squared correlation of a shared coin: both sides follow it with probability 0.9, so propensities correlate at 0.81.
  { rates: [0.5, 0.42], samples: 4, correlation: 0.5, sharing: 0.9 },
];

describe('the number of prompts', { timeout: 60_000 }, () => {
  it.each(worlds)(
    'gives the power asked for in a simulated study of rates $rates, $samples samples, correlation $correlation',
    (world) => {
      const difference = world.rates[0] - world.rates[1];
      const deviation = deviationOfDifference({ ...world, sharing: world.sharing ** 2 });
      const prompts = promptsNeeded(deviation, { difference, power: 0.8 });
      const simulations = 3000;
      let found = 0;
      for (let simulation = 0; simulation < simulations; simulation++) {
        const random = createRandom(deriveSeed('power', JSON.stringify(world), simulation));
        let [sum, squares] = [0, 0];
        for (let prompt = 0; prompt < prompts; prompt++) {
          const { first, second } = drawPrompt(world, random);
          const value = (first.positives - second.positives) / world.samples;
          sum += value;
          squares += value * value;
        }
        const mean = sum / prompts;
        const error = Math.sqrt((squares / prompts - mean * mean) / (prompts - 1));
        if (Math.abs(mean / error) > 1.96) found++;
      }
      // Three standard errors of 0.8 in 3,000 simulations are 0.022; the normal approximation adds a little.
      expect(found / simulations).toBeGreaterThan(0.77);
      expect(found / simulations).toBeLessThan(0.84);
    },
  );

  it('is the textbook number, and the power that it gives back', () => {
    // ((1.960 + 0.842) · 0.5 / 0.1)² = 196.2, and 1.9 for the estimated deviation.
    expect(promptsNeeded(0.5, { difference: 0.1 })).toBe(199);
    expect(powerWith(199, 0.5, { difference: 0.1 })).toBeCloseTo(0.8, 2);
  });

  it('falls with samples only as far as prompts differ', () => {
    const needed = (samples: number, correlation: number): number =>
      promptsNeeded(deviationOfDifference({ rates: [0.3, 0.2], samples, correlation }), { difference: 0.1 });
    expect(needed(10, 0)).toBeLessThan(needed(1, 0) / 8);
    expect(needed(10, 0.8)).toBeGreaterThan(0.8 * needed(1, 0.8));
  });

  it.each([
    [() => promptsNeeded(0.5, { difference: 0 })],
    [() => promptsNeeded(0.5, { difference: 0.1, power: 1 })],
    [() => deviationOfDifference({ rates: [0.5, 1.2], samples: 1, correlation: 0 })],
    [() => deviationOfDifference({ rates: [0.5, 0.2], samples: 0, correlation: 0 })],
    [() => pilotVariance([])],
  ])('refuses what has no answer (%#)', (ask) => {
    expect(ask).toThrow(expect.objectContaining({ code: 'METRIC_INPUT_INVALID' }));
  });
});

describe('a pilot', () => {
  it('foretells the deviation with another number of samples', () => {
    const world = worlds[1]!;
    const random = createRandom(8);
    const pilot = pilotVariance(Array.from({ length: 4000 }, () => drawPrompt({ ...world, samples: 3 }, random)));
    for (const samples of [1, 5, 20])
      expect(pilotDeviation(pilot, samples)).toBeCloseTo(deviationOfDifference({ ...world, samples }), 1);
    expect(pilot.rates[0] - pilot.rates[1]).toBeCloseTo(0.1, 1);
  });
  it('of one sample a prompt says so', () => {
    const random = createRandom(9);
    const pilot = pilotVariance(Array.from({ length: 50 }, () => drawPrompt({ ...worlds[0]!, samples: 1 }, random)));
    expect(pilot).toMatchObject({ between: null, within: null });
    expect(pilotDeviation(pilot, 4)).toBeNull();
  });
});
