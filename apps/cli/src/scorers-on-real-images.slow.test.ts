/** MobileNetV2 takes the reference half a minute. */
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { type Detection, needsOf } from '@diptych/plugin-kit';
import { registry } from '@diptych/plugins';
import { it } from 'vitest';
import { describeOnRealImages, expectParity, expectParityOfTinyLadeda } from './testing/scores-on-real-images.ts';

const { default: nsfwjs } = await registry['safety-judge/nsfwjs']();
const nsfwjsSha256 = needsOf(nsfwjs, {}).weights![0]!.sha256;

describeOnRealImages(() => {
  it('are the same on native and reference for tiny-ladeda wildrf', () => expectParityOfTinyLadeda('wildrf'));

  const nsfwjsFile = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'diptych', 'weights', nsfwjsSha256);
  it.skipIf(!existsSync(nsfwjsFile))(
    'are the same on native and reference for nsfwjs (skipped: its weights are not in the cache)',
    async () => {
      await expectParity({ 'mobilenet-v2': readFileSync(nsfwjsFile) }, async (context) => {
        const judge = await nsfwjs.create({}, context);
        return {
          maxBatch: judge.maxBatch,
          async detect(images, signal): Promise<Detection[]> {
            const verdicts = await judge.judge(
              images.map((image) => ({ image, prompt: '' })),
              signal,
            );
            return verdicts.map((verdict) =>
              verdict.status === 'scored' ? { status: 'features', features: Object.values(verdict.raw!) } : verdict,
            );
          },
          [Symbol.asyncDispose]: () => judge[Symbol.asyncDispose]!(),
        };
      });
    },
  );
});
