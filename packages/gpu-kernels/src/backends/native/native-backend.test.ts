import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { type Plan, planVersion } from '../../graph/plan.ts';
import { openNative } from './native-backend.ts';

const built = new URL(`../../../native/artifacts/diptych-kernels.${process.platform}-${process.arch}.node`, import.meta.url);

describe.skipIf(!existsSync(fileURLToPath(built)))('the native backend (skipped where no addon was built)', () => {
  const shape = [24, 24, 3];
  const plan: Plan = {
    version: planVersion,
    name: 'one image step',
    batch: 1,
    values: [{ id: 0, shape }],
    weights: [],
    steps: [
      {
        op: 'image',
        name: 'image',
        input: 'image',
        recipe: [
          { step: 'resize-short-side', filter: 'pillow-lanczos', size: 24 },
          { step: 'centre-crop', width: 24, height: 24 },
          { step: 'normalise', scale: 1, mean: [0, 0, 0], deviation: [1, 1, 1] },
        ],
        output: 0,
      },
    ],
    inputs: {},
    outputs: { y: { value: 0, shape } },
  };

  // The second is larger than what is copied as it is.
  it.each([
    [90, 70],
    [2000, 1600],
  ])('gives an image of %i × %i back as soon as a run was asked for', async (width, height) => {
    const colour = [10, 200, 90];
    const data = Uint8Array.from({ length: width * height * 3 }, (_, at) => colour[at % 3]!);
    await using executable = await openNative({ threads: 2 }).compile(plan, {});
    const running = executable.run({ image: [{ width, height, channels: 3, data }] });
    data.fill(255);
    structuredClone(data, { transfer: [data.buffer] });
    expect([...(await running)['y']!.data]).toEqual(Array.from({ length: 24 * 24 }, () => colour).flat());
  });
});
