import { createHash } from 'node:crypto';
import { collect, describeAuthenticSet, fakeContext } from '@diptych/plugin-kit/testing';
import { describe, expect, it } from 'vitest';
import simulatedCamera from './simulated-camera.ts';

describeAuthenticSet(simulatedCamera, { options: { count: 6, size: 128 } });

describe('authentic-set/simulated-camera', () => {
  it('draws different pictures, others for another seed, and says that they are simulated', async () => {
    const signal = new AbortController().signal;
    const digests: string[] = [];
    for (const seed of [0, 1]) {
      const set = await simulatedCamera.create({ count: 5, size: 128, seed }, fakeContext());
      for (const image of await collect(set.images(signal))) {
        expect(image.licence.id).toContain('simulated');
        digests.push(
          createHash('sha256')
            .update(await set.load(image, signal))
            .digest('hex'),
        );
      }
    }
    expect(new Set(digests).size).toBe(10);
  });

  it('refuses a key that is not of the set', async () => {
    const set = await simulatedCamera.create({ count: 5, size: 128, seed: 0 }, fakeContext());
    await expect(
      set.load({ key: 'simulated-photograph-00006', licence: { id: 'x' } }, new AbortController().signal),
    ).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});
