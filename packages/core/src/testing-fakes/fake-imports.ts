/** An import without any image, for studies of authentic images alone, and one of two images for each prompt. */
import { defineExistingImages, type ExistingSample } from '@diptych/plugin-kit';
import { z } from 'zod';
import { sha256Hex } from '../text/canonical-json.ts';
import { fakeImage } from './fake-image.ts';

const importOf = (name: string, samples: readonly ExistingSample[]) =>
  defineExistingImages({
    name,
    summary: 'Images that exist.',
    family: 'per-sample',
    decoder: 'per-sample',
    simulated: true,
    options: z.object({}),
    create: () => ({
      digest: async () => sha256Hex(name),
      async *samples() {
        yield* samples;
      },
      load: async ({ key }) => ({ outcome: 'image', bytes: await fakeImage({ seed: Number(key) }) }),
    }),
  });

const listed = Array.from(
  { length: 12 },
  (_, key): ExistingSample => ({
    key: `${key}`,
    model: key % 2 === 0 ? 'even' : 'odd',
    family: key % 2 === 0 ? 'diffusion' : 'mllm',
    prompt: `thing ${Math.floor(key / 2)}`,
  }),
);

export const fakeImports = {
  'generator/none': async () => ({ default: importOf('none', []) }),
  'generator/listed': async () => ({ default: importOf('listed', listed) }),
};
