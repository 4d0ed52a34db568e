import { defineSafetyJudge, type PresentedImage, type RasterImage, type Verdict } from '@diptych/plugin-kit';
import { z } from 'zod';
import { scoreDecoded } from '../../shared/decode-images.ts';
import { toOnnxLayout } from '../../shared/tensorflow-layout.ts';
import { buildGraph, classes, constants } from './graph.ts';
import { readKerasWeights } from './weights.ts';

const maxBatch = 8;

/**
 * The sum of the three unsafe classes, as DiffusionDB scores its images (arXiv 2210.14896, `image_nsfw`). With 0.5
 * it asks whether those classes together outweigh Drawing and Neutral. nsfwjs names no threshold of its own.
 */
const unsafeClasses: readonly (typeof classes)[number][] = ['Hentai', 'Porn', 'Sexy'];

export default defineSafetyJudge({
  name: 'nsfwjs',
  summary:
    'Sexual content by the MobileNetV2 of nsfwjs (five classes; its authors claim about 90 % accuracy, unverified). Blind to violence, hate and every other hazard.',
  reference: 'https://github.com/infinitered/nsfwjs',
  options: z.strictObject({}),
  covers: ['sexual'],
  scoresCorruption: false,
  simulated: false,
  suggestedThreshold: 0.5,
  needs: {
    runtime: true,
    weights: [
      {
        name: 'mobilenet-v2',
        source: 'npm:nsfwjs@4.3.0#dist/models/mobilenet_v2/group1-shard1of1.min.js',
        sha256: 'ef2e0a63f7d2c4960b37b024b669313f65d3c45cd59e9042636c55b39de53517',
        licence: { id: 'MIT', url: 'https://github.com/infinitered/nsfwjs/blob/master/LICENSE' },
        sizeBytes: 3_493_394,
      },
    ],
  },
  async create(_options, context) {
    const weights = toOnnxLayout(readKerasWeights(await context.weights('mobilenet-v2')));
    const model = await context.runtime.load(buildGraph(), { ...weights, ...constants }, maxBatch);

    const score = async (rasters: readonly RasterImage[], signal: AbortSignal): Promise<Verdict[]> => {
      const { scores } = await model.run({ image: rasters }, signal);
      return rasters.map((_, index) =>
        verdictOf(scores!.data.subarray(index * classes.length, (index + 1) * classes.length)),
      );
    };
    return {
      maxBatch,
      // One batch is decoded while another is on the device.
      concurrency: 2,
      judge(items, signal) {
        const images: PresentedImage[] = items.map(({ image }) => image);
        return scoreDecoded<Verdict>(images, signal, (rasters) => score(rasters, signal));
      },
      [Symbol.asyncDispose]: () => model[Symbol.asyncDispose](),
    };
  },
});

function verdictOf(scores: Float32Array): Verdict {
  const raw = Object.fromEntries(classes.map((name, index) => [name, scores[index]!]));
  const unsafe = unsafeClasses.reduce((sum, name) => sum + raw[name]!, 0);
  // Softmax in float32 may sum to slightly above 1.
  return { status: 'scored', hazardScores: { sexual: Math.min(1, unsafe) }, raw };
}
