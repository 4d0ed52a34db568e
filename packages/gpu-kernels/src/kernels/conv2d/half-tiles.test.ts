import { describe, expect, it } from 'vitest';
import { h100Target } from '../../profile/floors.ts';
import { guaranteedTarget, type Target } from '../kernel.ts';
import {
  choiceOf,
  choiceText,
  type ProductSize,
  possibleChoices,
  readChoice,
  stagedWords,
  threadsOf,
  tiles,
} from './half-tiles.ts';
import { readTunedTiles } from './tuned-tiles.ts';

const smallest: Target = { ...guaranteedTarget, precision: 'f16', matrices: { side: 16, subgroup: 32 } };
const sizes: readonly ProductSize[] = [
  [4096, 4096, 4096],
  [200_704, 64, 576],
  [3136, 512, 4608],
  [64, 1000, 2048],
  [1, 1, 1],
];

it('counts threads and workgroup memory as the kernels use them', () => {
  // By hand: 128x128 in blocks of 64x64 are four subgroups of 32; 256 staged rows of 80 bytes, twice that with two buffers.
  expect([threadsOf(tiles.medium), stagedWords(tiles.medium, 1) * 16, stagedWords(tiles.medium, 2) * 16]).toEqual([
    128, 20480, 40960,
  ]);
  expect([threadsOf(tiles.narrow), stagedWords(tiles.narrow, 2) * 16]).toEqual([128, 30720]);
  // 320 staged rows of 48 bytes, twice.
  expect([threadsOf(tiles.tall), stagedWords(tiles.tall, 2) * 16]).toEqual([128, 30720]);
  // The end of a large tile, 64 rows of 128 sums, is more than its 384 staged rows of 80 bytes.
  expect([threadsOf(tiles.large), stagedWords(tiles.large, 1) * 16]).toEqual([256, 32768]);
});

describe('the choice for a product', () => {
  it.each(sizes)('of %i x %i x %i fits an H100 and the smallest GPU that WebGPU guarantees', (...size) => {
    for (const target of [h100Target, smallest]) {
      const { name, buffers, parts } = choiceOf(size, target);
      expect(stagedWords(tiles[name], buffers) * 16).toBeLessThanOrEqual(target.workgroupBytes);
      expect(threadsOf(tiles[name])).toBeLessThanOrEqual(target.workgroupThreads);
      expect(parts).toBeGreaterThanOrEqual(1);
    }
  });

  it('is the large block where there is work enough, no wider than the result, and shared where tiles are few', () => {
    expect(choiceText(choiceOf([4096, 4096, 4096], h100Target))).toBe('medium/2/1');
    expect(choiceOf([200_704, 64, 576], h100Target)).toMatchObject({ name: 'tall', parts: 1 });
    expect(choiceOf([64, 1000, 2048], h100Target).parts).toBeGreaterThan(1);
    expect(choiceOf([64, 1000, 64], h100Target).parts).toBe(1); // too short to share
  });

  it('is the one that was measured on the adapter, or that was asked for', () => {
    const tuned = { ...h100Target, tuned: { '64x1000x2048': 'narrow/2/4' } };
    expect(choiceOf([64, 1000, 2048], tuned)).toEqual({ name: 'narrow', buffers: 2, parts: 4 });
    expect(choiceText(choiceOf([64, 1000, 1024], tuned))).toBe(choiceText(choiceOf([64, 1000, 1024], h100Target)));
    expect(choiceText(choiceOf([64, 1000, 2048], { ...tuned, tile: 'small' }))).toBe('small/1/1');
  });

  it('is the small tile without matrix instructions', () => {
    const { matrices: _, ...emulated } = h100Target;
    expect(choiceText(choiceOf([4096, 4096, 4096], emulated))).toBe('small/1/1');
  });
});

it('lists what is worth measuring, each once and each as text and back', () => {
  const all = possibleChoices([64, 1000, 2048], h100Target);
  expect(new Set(all.map(choiceText)).size).toBe(all.length);
  expect(all.map((choice) => readChoice(choiceText(choice)))).toEqual(all);
  expect(possibleChoices([64, 1000, 2048], smallest).every(({ name, buffers }) => stagedWords(tiles[name], buffers) <= 1024)).toBe(true); // biome-ignore format: one expectation
  expect(possibleChoices([8192, 8192, 8192], h100Target).every(({ parts }) => parts === 1)).toBe(true);
});

it('finds in the committed table only choices that are possible for their sizes', () => {
  for (const sizes of Object.values(readTunedTiles())) {
    for (const [size, choice] of Object.entries(sizes)) {
      expect(size).toMatch(/^\d+x\d+x\d+$/);
      expect(possibleChoices(size.split('x').map(Number) as never, h100Target).map(choiceText)).toContain(choice);
    }
  }
});
