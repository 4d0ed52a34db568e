import { registry } from '@diptych/plugins';
import { it } from 'vitest';
import { describeOnRealImages, expectParity, expectParityOfTinyLadeda } from './testing/scores-on-real-images.ts';

describeOnRealImages(() => {
  it('are the same on native and reference for spectrum', async () => {
    const { default: plugin } = await registry['detector/spectrum']();
    await expectParity({}, async (context) => plugin.create({ side: 256 }, context));
  });

  it('are the same on native and reference for tiny-ladeda forensynth', () => expectParityOfTinyLadeda('forensynth'));
});
