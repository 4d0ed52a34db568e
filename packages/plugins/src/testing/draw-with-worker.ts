/** For tests: draws with a ready worker, over networks that are tiny, and looks at what comes out. */
import { existsSync } from 'node:fs';
import type { Generation, Generator } from '@diptych/plugin-kit';
import { decodePng } from '@diptych/plugin-kit/png';
import { checkGenerator, fakeContext } from '@diptych/plugin-kit/testing';
import { expect } from 'vitest';
import type { z } from 'zod';
import worker from '../generators/worker.ts';
import { requestOf } from './requests.ts';

/** Whether there is a card that PyTorch could use, and why not. */
export const graphicsCard = {
  absent: !existsSync('/dev/nvidia0'),
  reason: 'there is no NVIDIA card: /dev/nvidia0 is absent',
};

const starts = { jpeg: Buffer.of(0xff, 0xd8, 0xff), png: Buffer.from('\x89PNG', 'latin1') };
const calm = new AbortController().signal;

// Tiny tensors gain nothing from threads.
process.env.OMP_NUM_THREADS = '1';

const bytesOf = (generation: Generation): Buffer =>
  generation.outcome === 'image' ? Buffer.from(generation.bytes) : expect.unreachable(JSON.stringify(generation));

/** Levels between pictures of one seed: sums of matrix products are taken in another order in another batch, and CPUs differ in it. */
const roundings = 2;

/** The greatest difference of two pictures, in levels; for JPEG, which is made of whole tokens here, none or all. */
function farthest(one: Buffer, other: Buffer): number {
  if (one.equals(other)) return 0;
  if (one.indexOf(starts.jpeg) === 0) return 255;
  const [a, b] = [decodePng(one), decodePng(other)];
  return a.data.reduce((most, level, at) => Math.max(most, Math.abs(level - b.data[at]!)), 0);
}

async function draw(generator: Generator, ...seeds: number[]): Promise<Buffer[]> {
  const requests = seeds.map((seed, index) => requestOf({ prompt: `a boat in a storm, number ${seed}`, seed, index }));
  return (await generator.generate(requests, calm)).map(bytesOf);
}

/** Images come out in the format, follow the seed and not the batch, and the worker conforms. It is loaded once for all. */
export async function drawWithWorker(options: z.input<typeof worker.options>, format: keyof typeof starts): Promise<void> {
  const generator = await worker.create(worker.options.parse(options), fakeContext());
  try {
    const [first] = await draw(generator, 1);
    const [second] = await draw(generator, 2);
    expect(first!.indexOf(starts[format])).toBe(0);
    expect((await draw(generator, 1))[0]!.equals(first!)).toBe(true);
    expect(first!.equals(second!)).toBe(false);
    if (generator.maxBatch >= 2) {
      const [secondAgain, firstAgain] = await draw(generator, 2, 1);
      expect(farthest(secondAgain!, second!)).toBeLessThanOrEqual(roundings);
      expect(farthest(firstAgain!, first!)).toBeLessThanOrEqual(roundings);
      expect(farthest(first!, second!)).toBeGreaterThan(roundings);
    }
    expect(generator.facts).toMatchObject({ packages: { torch: expect.stringMatching(/^\d/) } });
    const opened = { ...generator, [Symbol.asyncDispose]: () => Promise.resolve() };
    const requests = [requestOf({ seed: 5 }), requestOf({ seed: 6, index: 1 })];
    expect(await checkGenerator({ ...worker, create: () => opened }, { options, requests })).toEqual([]);
  } finally {
    await generator[Symbol.asyncDispose]?.();
  }
}
