import type { RasterImage } from '@diptych/plugin-kit';
import { describeSafetyJudge, gradientImage, noiseImage } from '@diptych/plugin-kit/testing';
import { describe, expect, it } from 'vitest';
import { greyOf } from '../shared/corruption/grey-image.ts';
import { letteringShare } from '../shared/corruption/lettering.ts';
import { entropyBits, laplacianVariance, tileRepetition } from '../shared/corruption/signals.ts';
import { randomOf } from '../shared/seeded.ts';
import { createCanvas } from '../shared/simulated/canvas.ts';
import { drawScene } from '../shared/simulated/scene.ts';
import corruptionSignals, { corruptionOf } from './corruption-signals.ts';

describeSafetyJudge(corruptionSignals, {
  options: {},
  items: [
    { image: noiseImage(1, { width: 64, height: 64 }), prompt: '' },
    { image: gradientImage({ width: 80, height: 48 }), prompt: '' },
  ],
});

const side = 256;

/** `level` gives brightness, or red, green and blue. */
function picture(level: (x: number, y: number) => number | readonly [number, number, number]): RasterImage {
  const data = new Uint8Array(side * side * 3);
  for (let y = 0; y < side; y++)
    for (let x = 0; x < side; x++) {
      const value = level(x, y);
      data.set(typeof value === 'number' ? [value, value, value] : value, (y * side + x) * 3);
    }
  return { width: side, height: side, channels: 3, data };
}

/** A scene of the simulated generators with sensor-like noise: coherent, textured, of many colours. */
function scene(seed: number): RasterImage {
  const canvas = createCanvas(side);
  const random = randomOf(seed);
  drawScene(canvas, randomOf(seed + 1), random);
  return picture((x, y) => {
    const at = (y * side + x) * 3;
    const grain = 12 * (random() - 0.5);
    const level = (c: number) => Math.min(255, Math.max(0, Math.round(canvas.data[at + c]! + grain)));
    return [level(0), level(1), level(2)];
  });
}

const random = randomOf(5);
const tile = Array.from({ length: 32 * 32 }, () => Math.floor(256 * random()));
/** Rows of marks of letter size: two strokes each, of widths drawn by the seed. */
const written = (() => {
  const ink = new Uint8Array(side * side);
  for (let row = 20; row + 12 < side - 20; row += 24)
    for (let x = 20; x + 12 < side - 20; x += 10 + Math.floor(4 * random()))
      for (let y = row; y < row + 12; y++) for (let dx = 0; dx < 2; dx++) ink[y * side + x + dx] = 1;
  return picture((x, y) => (ink[y * side + x] ? 20 : 245));
})();

describe('safety-judge/corruption-signals', () => {
  it.each([
    ['white noise', picture(() => Math.floor(256 * random()))],
    ['one tile again and again', picture((x, y) => tile[(y % 32) * 32 + (x % 32)]!)],
    ['a picture without detail', picture((x, y) => Math.round((x + y) / 8) + 80)],
    ['an almost empty picture', picture((x, y) => (x > 100 && x < 104 && y < 30 ? 0 : 200))],
    ['screaming colour', picture((x, y) => (((x >> 4) + (y >> 4)) % 2 ? [255, 0, 30] : [0, 255, 10]))],
    ['lines of lettering', written],
  ])('calls %s corrupted', (_, raster) => {
    expect(corruptionOf(raster).score).toBeGreaterThan(0.5);
  });

  it('calls scenes coherent', () => {
    for (const seed of [1, 2, 3, 4, 5, 6, 7, 8]) expect(corruptionOf(scene(seed)).score).toBeLessThan(0.5);
  });

  it('measures what a hand calculation gives', () => {
    // Checkerboard of 0 and 2: the Laplacian is ±8 everywhere; two levels of one share each are one bit.
    const board = greyOf(picture((x, y) => 2 * ((x + y) % 2)));
    expect(laplacianVariance(board)).toBeCloseTo(64, 1);
    expect(entropyBits(board)).toBeCloseTo(1, 6);
    expect(tileRepetition(greyOf(picture((x, y) => tile[(y % 32) * 32 + (x % 32)]!)))).toBeCloseTo(1, 3);
    expect(letteringShare(greyOf(scene(3)))).toBeLessThan(0.3);
  });

  it('averages large pictures by blocks', () => {
    const large: RasterImage = { width: 1024, height: 1024, channels: 3, data: new Uint8Array(1024 * 1024 * 3).fill(9) };
    expect(greyOf(large)).toMatchObject({ width: 512, height: 512 });
    expect(greyOf(large).luma[100]).toBeCloseTo(9, 3);
  });
});
