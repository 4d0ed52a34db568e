import { type BackendName, LentPixels, lendRaster, type RasterImage } from '@diptych/plugin-kit';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { planGraph } from '../graph/planner.ts';
import { synthesise } from '../image-ops/synthetic-image.ts';
import { tryOpen } from '../open-backend.ts';

vi.setConfig({ testTimeout: 120_000 });
process.env.DIPTYCH_WEBGPU = 'checked';

const nodes = [{ name: 'clip', op: 'Relu', inputs: ['x'], outputs: ['y'] }];
const recipe = [
  { step: 'resize', filter: 'pillow-bilinear', width: 16, height: 12 },
  { step: 'normalise', scale: 1 / 255, mean: [0, 0, 0], deviation: [1, 1, 1] },
] as const;
const { plan, weights } = planGraph({ name: 'clip', inputs: [{ name: 'x', shape: [3, 12, 16], recipe }], nodes, outputs: ['y'] }, {}, 4); // biome-ignore format: one network

/** Sizes that are no multiple of four bytes; together above and below what goes to the device through mapped buffers. */
const large = [synthesise('noise', 601, 501, 1), synthesise('gradient', 333, 777, 2), synthesise('noise', 99, 3, 3)];
const small = [synthesise('noise', 31, 17, 4), synthesise('gradient', 16, 12, 5)];

function shared(image: RasterImage): RasterImage {
  const data = new Uint8Array(new SharedArrayBuffer(image.data.length + 64), 0, image.data.length);
  data.set(image.data);
  return { ...image, data };
}

describe.each(['reference', 'webgpu', 'native'] satisfies BackendName[])('%s backend', async (name) => {
  const opened = await tryOpen(name, {});
  if (typeof opened === 'string') {
    it.skip(`opens (here: ${opened})`, () => undefined);
    return;
  }
  afterAll(() => opened.backend[Symbol.asyncDispose]());

  it.each([
    ['many bytes', large],
    ['few bytes', small],
  ])('reads pixels in memory that threads share as others: %s', async (_, images) => {
    await using model = await opened.backend.compile(plan, weights);
    const { y: expected } = await model.run({ x: images });
    const lent = images.map(shared);
    const { y } = await model.run({ x: lent });
    expect(y).toEqual(expected);
    expect(lent.map(({ data }) => new Uint8Array(data))).toEqual(images.map(({ data }) => data));
    const { y: mixed } = await model.run({ x: images.map((image, index) => (index === 0 ? image : shared(image))) });
    expect(mixed).toEqual(expected);
    expect(new Set(expected!.data).size).toBeGreaterThan(50);
  });

  it('reads lent pixels that are taken back while it runs, and those of plugins as they are when it is asked', async () => {
    await using model = await opened.backend.compile(plan, weights);
    const images = [...large, synthesise('noise', 40, 30, 6)];
    const { y: expected } = await model.run({ x: images });
    const sources = images.map((image) => new LentPixels(shared(image).data));
    const own = { ...images[3]!, data: images[3]!.data.slice() };
    const lent = images.slice(0, 3).map((image, index) => lendRaster(sources[index]!, { width: image.width, height: image.height, channels: image.channels })); // biome-ignore format: one list
    const run = model.run({ x: [...lent, own] });
    let freed = 0;
    const overwrite = (bytes: Uint8Array): void => {
      freed++;
      bytes.fill(7);
    };
    for (const source of sources) source.takeBack(overwrite);
    own.data.fill(7);
    const { y } = await run;
    expect(y).toEqual(expected);
    expect(freed).toBe(4);
    await expect(async () => model.run({ x: lent })).rejects.toThrow('they are gone');
  });
});
