import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Worker } from 'node:worker_threads';
import { pixelsOf } from '@diptych/plugin-kit';
import { expect, it, vi } from 'vitest';
import { createImageAnalyser } from './analyse-image.ts';
import { decodeImage } from './decode-image.ts';
import { imageTasks } from './image-tasks.ts';
import { doImageTask } from './image-threads.ts';
import { PixelMemory } from './pixel-memory.ts';
import { presentImage } from './present-image.ts';
import { readImageInfo } from './read-image-info.ts';

const workers: Worker[] = [];
vi.mock('node:worker_threads', async (original) => {
  const real = await original<typeof import('node:worker_threads')>();
  class Watched extends real.Worker {
    constructor(...given: ConstructorParameters<typeof real.Worker>) {
      super(...given);
      workers.push(this);
    }
  }
  return { ...real, Worker: Watched };
});
process.env['DIPTYCH_IMAGE_THREADS'] = '2';
const limits = { maxImageBytes: 2 ** 20, maxImagePixels: 1_000_000 };
const golden = (name: string): Promise<Buffer> => readFile(join(import.meta.dirname, '..', '..', 'goldens', 'images', name));
const bytes = await golden('rgb.png');
const alpha = await golden('rgba.png');

/** Only threads give pixels in memory that threads share. */
async function fromThread(file: Uint8Array): Promise<Uint8Array> {
  const image = await presentImage(file, limits);
  return pixelsOf(await image.raster());
}
const isShared = ({ buffer }: Uint8Array): boolean => buffer instanceof SharedArrayBuffer;
const many = <T>(make: () => Promise<T>): Promise<T[]> => Promise.all(Array.from({ length: 24 }, make));

/** They start when many images come at once, which are done by this thread meanwhile. */
const started = async (): Promise<void> =>
  vi.waitFor(async () => expect((await many(() => fromThread(bytes))).some(isShared)).toBe(true), {
    timeout: 30_000,
    interval: 50,
  });

it('gives what this thread would: pixels, facts, digests and faults', async () => {
  await started();
  const expected = await decodeImage(bytes, limits);
  for (const pixels of await many(() => fromThread(bytes))) {
    expect(isShared(pixels)).toBe(true);
    expect(new Uint8Array(pixels)).toEqual(new Uint8Array(expected.data));
  }
  const image = await presentImage(alpha, limits);
  expect(image.info).toEqual(await readImageInfo(alpha, limits));
  const kept = await image.raster({ alpha: 'keep' });
  expect(isShared(pixelsOf(kept))).toBe(true);
  expect(kept).toEqual(await decodeImage(alpha, limits, { alpha: 'keep' }));
  expect(await createImageAnalyser(limits)(alpha)).toEqual({
    sha256: image.sha256,
    ...(await imageTasks.analyse(alpha, limits)),
  });
  const cut = bytes.subarray(0, bytes.length - 40);
  const faults = [decodeImage(cut, limits), doImageTask('decode', cut, limits)].map((made) =>
    made.catch((error: unknown) => error),
  );
  const [here, there] = (await Promise.all(faults)) as [Error, Error];
  expect(there).toMatchObject({ code: 'IMAGE_UNREADABLE', message: here.message });
});

it('uses memory again once an image is released, which may be decoded anew', async () => {
  await started();
  const image = await presentImage(bytes, limits);
  const first = await image.raster();
  const { buffer } = pixelsOf(first);
  image.release();
  await vi.waitFor(() => expect(() => pixelsOf(first)).toThrow('they are gone'));
  const again = await image.raster();
  expect(pixelsOf(again).buffer).toBe(buffer);
  expect(again).toEqual(await decodeImage(bytes, limits));
});

it('does itself what threads that end leave behind', async () => {
  await started();
  const made = many(() => fromThread(bytes));
  await Promise.all(workers.map((worker) => worker.terminate()));
  const expected = new Uint8Array((await decodeImage(bytes, limits)).data);
  for (const pixels of await made) expect(new Uint8Array(pixels)).toEqual(expected);
  expect(workers).toHaveLength(2);
  expect((await many(() => fromThread(bytes))).some(isShared)).toBe(false);
});

it('gives out so much shared memory at most, and keeps so much', () => {
  const memory = new PixelMemory();
  const half = 2 ** 29;
  const [first, second] = [memory.take(half), memory.take(half)];
  expect(first?.byteLength).toBe(half);
  expect(memory.take(1)).toBeUndefined();
  memory.give(second!);
  memory.give(second!); // once counts
  expect(memory.take(half)?.byteLength).toBe(half);
  expect(memory.take(1)).toBeUndefined();
  memory.give(first!);
  const small = memory.take(1000);
  memory.give(small!);
  expect(memory.take(400)).not.toBe(small); // less than half of it
  expect(memory.take(900)).toBe(small);
});
