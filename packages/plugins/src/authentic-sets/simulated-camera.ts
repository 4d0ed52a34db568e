import { createHash } from 'node:crypto';
import { DiptychError, defineAuthenticSet } from '@diptych/plugin-kit';
import { z } from 'zod';
import { randomOf, seedOf } from '../shared/seeded.ts';
import { createCanvas } from '../shared/simulated/canvas.ts';
import { drawCaption } from '../shared/simulated/caption.ts';
import { finishPicture } from '../shared/simulated/finish.ts';
import { drawScene } from '../shared/simulated/scene.ts';
import { sizeOption } from '../shared/simulated/simulate.ts';

/** Raised whenever the drawing changes, so that the digest tells. */
const version = 1;

const keyOf = (index: number): string => `simulated-photograph-${String(index + 1).padStart(5, '0')}`;

function drawPhotograph(index: number, size: number, seed: number): Uint8Array {
  const random = randomOf(seedOf('simulated-camera', seed, index));
  const canvas = createCanvas(size);
  drawScene(canvas, random, random);
  drawCaption(canvas);
  return finishPicture(canvas, { amplitude: 0, period: 4 }, random);
}

export default defineAuthenticSet({
  name: 'simulated-camera',
  summary:
    'Draws simulated stand-ins for camera images: the scenes and noise of the simulated generators without their trace.',
  options: z.strictObject({
    count: z.int().min(1).max(100_000).default(48),
    /** Side of the square picture in pixels; equal to that of the generators it is compared with. */
    size: sizeOption.default(256),
    seed: z.int().min(0).max(0xffffffff).default(0),
  }),

  create: ({ count, size, seed }) => ({
    async *images(signal) {
      for (let i = 0; i < count; i++) {
        signal.throwIfAborted();
        yield { key: keyOf(i), licence: { id: 'own work, simulated', notice: 'Drawn by Diptych; not a photograph.' } };
      }
    },
    async load({ key }, signal) {
      signal.throwIfAborted();
      const index = Number(/^simulated-photograph-(\d+)$/.exec(key)?.[1]) - 1;
      if (!(index >= 0 && index < count) || keyOf(index) !== key)
        throw new DiptychError('NOT_FOUND', `Expected a key of this set, received "${key}". List the images first.`);
      return drawPhotograph(index, size, seed);
    },
    async digest(signal) {
      signal.throwIfAborted();
      return createHash('sha256')
        .update(JSON.stringify(['simulated-camera', version, count, size, seed]))
        .digest('hex');
    },
  }),
});
