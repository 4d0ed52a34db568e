/**
 * What the device itself refuses, on Dawn's null backend: it has 512 MiB and says out of memory beyond them, as a driver does.
 * Needs no adapter.
 */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type PlannedGraph, planGraph } from '../../graph/planner.ts';
import { usage } from './buffers.ts';
import { type Gpu, openGpu } from './device.ts';
import { withErrorScopes } from './error-scopes.ts';
import { GpuModel } from './model.ts';

let gpu: Gpu;
beforeEach(async () => {
  gpu = await openGpu({}, ['backend=null', 'enable-dawn-features=allow_unsafe_apis']);
});
afterEach(async () => {
  gpu.device.destroy();
  await gpu.device.lost;
});

const megabytes = 2 ** 20;
const fail = (kind: string, message: string): Error => new Error(`${kind}: ${message}`);

it('tells what the device has no memory for from what it was asked wrongly', async () => {
  const { device } = gpu;
  const make = (size: number) => async (): Promise<GPUBuffer[]> => [1, 2, 3].map(() => device.createBuffer({ size, usage: usage.storage })); // biome-ignore format: one call
  const fine = await withErrorScopes(device, fail, make(megabytes));
  await expect(fine.reported).resolves.toBeUndefined();
  for (const buffer of fine.result) buffer.destroy();
  const large = await withErrorScopes(device, fail, make(200 * megabytes));
  await expect(large.reported).rejects.toThrow(/^memory: .*memory/i);
  for (const buffer of large.result) buffer.destroy();
  const wrong = await withErrorScopes(device, fail, async () => device.createBuffer({ size: 16, usage: usage.mapRead | usage.storage })); // biome-ignore format: one call
  await expect(wrong.reported).rejects.toThrow(/^validation: /);
  // Scopes are closed again whatever happened: a later error is not somebody else's.
  await expect(withErrorScopes(device, fail, () => Promise.reject(new Error('of our own')))).rejects.toThrow('of our own');
  const after = await withErrorScopes(device, fail, make(megabytes));
  await expect(after.reported).resolves.toBeUndefined();
});

/** The sum of five inputs, which are all there at once. */
function sumOfFive(size: number, batch: number): PlannedGraph {
  const inputs = ['a', 'b', 'c', 'd', 'e'].map((name) => ({ name, shape: [size] }));
  const add = (a: string, b: string, y: string) => ({ name: y, op: 'Add', inputs: [a, b], outputs: [y] });
  const nodes = [add('a', 'b', 'ab'), add('ab', 'c', 'abc'), add('abc', 'd', 'abcd'), add('abcd', 'e', 'y')];
  return planGraph({ name: 'sum of five', inputs, nodes, outputs: ['y'] }, {}, batch);
}
const load = (size: number, batch: number): Promise<GpuModel> => GpuModel.load(gpu, sumOfFive(size, batch).plan, []);

it('is OUT_OF_MEMORY with the network and what to do, and what was allocated before is given back', async () => {
  const numbers = (30 * megabytes) / 4;
  for (let attempt = 0; attempt < 3; attempt++) {
    await expect(load(numbers, 4)).rejects.toMatchObject({
      code: 'OUT_OF_MEMORY',
      message: expect.stringMatching(/"sum of five" with a batch of 4: .*Use a smaller batch or --backend native/s),
    });
  }
  // Seven values of 60 MB at most fit only if nothing of the attempts is left.
  const model = await load(numbers, 2);
  await model.destroy();
});
