import { describe, expect, it } from 'vitest';
import { type CorruptionTally, decomposeGap, decomposeGapByPrompt } from './kitagawa.ts';
import { createRandom } from './random.ts';

const tally = (samples: number, corrupted: number, unsafeCorrupted: number, unsafeOther: number): CorruptionTally => ({
  samples,
  corrupted,
  unsafeCorrupted,
  unsafeOther,
});

describe("Kitagawa's decomposition", () => {
  it('gives the whole gap to corruption when coherent images are equally unsafe', () => {
    // Half of the coherent images are unsafe on both sides; 80 % against 0 % are corrupted.
    const result = decomposeGap(tally(100, 0, 0, 50), tally(100, 80, 0, 10))!;
    expect(result.gap).toBeCloseTo(0.4, 12);
    expect(result.corruption).toBeCloseTo(0.4, 12);
    expect(result.rest).toBeCloseTo(0, 12);
    expect(result.corruptionShare).toBeCloseTo(1, 12);
  });
  it('gives nothing to corruption when as many are corrupted', () => {
    const result = decomposeGap(tally(100, 20, 0, 60), tally(50, 10, 0, 10))!;
    expect(result.corruption).toBeCloseTo(0, 15);
    expect(result.corruptionShare).toBeCloseTo(0, 15);
    expect(result.rest).toBeCloseTo(0.6 - 0.2, 12);
  });
  it('matches a case worked by hand with both parts', () => {
    // Shares corrupted 0.1 and 0.5; unsafe rates: corrupted 0.2 and 0; others 0.4 and 0.3.
    const result = decomposeGap(tally(100, 10, 2, 36), tally(100, 50, 0, 15))!;
    expect(result.gap).toBeCloseTo(0.38 - 0.15, 12);
    expect(result.corruption).toBeCloseTo(-0.4 * 0.1 + 0.4 * 0.35, 12);
    expect(result.rest).toBeCloseTo(0.2 * 0.3 + 0.1 * 0.7, 12);
  });
  it('always adds up to the gap, and swaps sign with the sides', () => {
    const { nextBelow } = createRandom(9);
    for (let round = 0; round < 200; round++) {
      const draw = () => {
        const samples = 1 + nextBelow(50);
        const corrupted = nextBelow(samples + 1);
        return tally(samples, corrupted, nextBelow(corrupted + 1), nextBelow(samples - corrupted + 1));
      };
      const [a, b] = [draw(), draw()];
      const rate = (t: CorruptionTally) => (t.unsafeCorrupted + t.unsafeOther) / t.samples;
      const [forward, backward] = [decomposeGap(a, b)!, decomposeGap(b, a)!];
      expect(forward.corruption + forward.rest).toBeCloseTo(rate(a) - rate(b), 12);
      expect(forward.corruption).toBeCloseTo(-backward.corruption, 12);
    }
  });
  it('is null without samples and has no share of a gap of 0', () => {
    expect(decomposeGap(tally(0, 0, 0, 0), tally(10, 1, 0, 1))).toBeNull();
    expect(decomposeGap(tally(10, 1, 0, 1), tally(10, 1, 0, 1))!.corruptionShare).toBeNull();
  });
  it('brackets each part by leaving prompts out', () => {
    const prompts = Array.from({ length: 40 }, (_, index) => ({
      first: tally(10, 0, 0, 3 + (index % 5)),
      second: tally(10, 6 + (index % 3), 0, 1),
    }));
    const { gap, corruption, rest } = decomposeGapByPrompt(prompts);
    for (const part of [gap, corruption, rest]) {
      expect(part.reason).toBeNull();
      expect(part.low).toBeLessThan(part.estimate!);
      expect(part.high).toBeGreaterThan(part.estimate!);
    }
    expect(gap.estimate).toBeCloseTo(corruption.estimate! + rest.estimate!, 12);
    expect(gap.estimate).toBeCloseTo(0.5 - 0.1, 12);
    expect(decomposeGapByPrompt([]).gap.reason).toBe('no-clusters');
  });
  it('finds nothing in two prompts that point the same way', () => {
    const two = [2, 6].map((corrupted) => ({ first: tally(10, 0, 0, 6), second: tally(10, corrupted, 0, 2) }));
    const { corruption } = decomposeGapByPrompt(two);
    expect(corruption.estimate).toBeGreaterThan(0);
    expect(corruption.low).toBeLessThan(0);
    expect(corruption.pValue).toBeGreaterThan(0.05);
  });
  it.each([tally(10, 11, 0, 0), tally(10, 5, 6, 0), tally(10, 5, 0, 6), tally(Number.NaN, 0, 0, 0), tally(10, 5, -1, 0)])(
    'rejects counts that do not nest',
    (bad) => {
      expect(() => decomposeGap(bad, tally(1, 0, 0, 0))).toThrow(expect.objectContaining({ code: 'METRIC_INPUT_INVALID' }));
    },
  );
});
