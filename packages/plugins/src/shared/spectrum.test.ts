import { readFileSync } from 'node:fs';
import { noiseImage, solidImage } from '@diptych/plugin-kit/testing';
import { describe, expect, it, vi } from 'vitest';
import { formulaCases } from '../testing/formula-images.ts';
import { describeOnBackends } from '../testing/runtimes.ts';
import { bandOf, bands, dctMatrix, openSpectrometer, type Side } from './spectrum.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const calm = new AbortController().signal;
interface Golden {
  readonly spectra: readonly {
    readonly side: Side;
    readonly name: string;
    readonly sha256: string;
    readonly spectrum: readonly number[];
  }[];
}
const golden: Golden = JSON.parse(readFileSync(new URL('../../goldens/spectrum/spectra.json', import.meta.url), 'utf8'));

await describeOnBackends('the spectrum', (runtime) => {
  it.each([128, 256] as const)('equals SciPy in float64 on crops of %i pixels', async (side) => {
    const wanted = golden.spectra.filter((each) => each.side === side);
    const cases = wanted.map(({ name }) => formulaCases().find((each) => each.name === name)!);
    expect(cases.map(({ pixelsSha256 }) => pixelsSha256)).toEqual(wanted.map(({ sha256 }) => sha256));
    const spectrometer = await openSpectrometer(runtime(), side);
    const found = await spectrometer.measure(
      cases.map(({ image }) => image),
      calm,
    );
    await spectrometer[Symbol.asyncDispose]();
    for (const [index, { name, spectrum }] of wanted.entries()) {
      const measured = found[index] as readonly number[];
      const differences = spectrum.map((value, band) => Math.abs(measured[band]! - value));
      // Natural logarithms: 1e-3 is a tenth of a percent of power. Float32 leaves less because of the rounding power.
      expect(Math.max(...differences), name).toBeLessThan(1e-3);
    }
  });

  it('of one colour is the rounding power in every band, of noise its variance', async () => {
    const spectrometer = await openSpectrometer(runtime(), 128);
    const size = { width: 128, height: 128 };
    const [flat, noise] = await spectrometer.measure([solidImage([200, 40, 90], size), noiseImage(4, size)], calm);
    await spectrometer[Symbol.asyncDispose]();
    const rounding = Math.log(1 / (12 * 255 ** 2));
    for (const value of flat as number[]) expect(value).toBeCloseTo(rounding, 3);
    // Uniform bytes have variance (256² - 1) / 12; the luma weights shrink it by the sum of their squares.
    const variance = ((256 ** 2 - 1) / 12 / 255 ** 2) * (0.299 ** 2 + 0.587 ** 2 + 0.114 ** 2);
    // Bands of few coefficients scatter: the first and the last few have under 60.
    for (const value of (noise as number[]).slice(4, 60)) expect(Math.abs(value - Math.log(variance))).toBeLessThan(0.5);
  });
});

describe('bands', () => {
  it('leave out the mean brightness and cover everything else', () => {
    expect(bandOf(0, 0, 256)).toBeUndefined();
    expect(bandOf(0, 1, 256)).toBe(0);
    expect(bandOf(255, 255, 256)).toBe(bands - 1);
    // Half of the highest frequency of one axis is at 0.5 / √2 of the way.
    expect(bandOf(128, 0, 256)).toBe(Math.floor((0.5 / Math.SQRT2) * bands));
  });

  it('are never empty', () => {
    for (const side of [128, 256]) {
      const seen = new Set<number | undefined>();
      for (let y = 0; y < side; y++) for (let x = 0; x < side; x++) seen.add(bandOf(y, x, side));
      expect(seen.size).toBe(bands + 1);
    }
  });
});

describe('dctMatrix', () => {
  it('is orthonormal', () => {
    const { data } = dctMatrix(16);
    for (let row = 0; row < 16; row++) {
      for (let other = 0; other < 16; other++) {
        let product = 0;
        for (let i = 0; i < 16; i++) product += data[row * 16 + i]! * data[other * 16 + i]!;
        expect(product).toBeCloseTo(row === other ? 1 : 0, 6);
      }
    }
  });
});
