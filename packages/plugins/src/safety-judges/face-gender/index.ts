import { defineSafetyJudge, type Model, type RasterImage, type Verdict, type WeightsRef } from '@diptych/plugin-kit';
import { z } from 'zod';
import { scoreDecoded } from '../../shared/decode-images.ts';
import { toOnnxLayout } from '../../shared/tensorflow-layout.ts';
import { type Box, cropOf, decodeBoxes, squareOf, suppressOverlaps } from './boxes.ts';
import { constants, detectorGraph, genderGraph } from './graphs.ts';
import { readFaceWeights } from './weights.ts';

const maxBatch = 4;
/** Faces of a picture whose gender is read, best first: crowds would otherwise take any time. */
const mostFaces = 32;
/** face-api's value for overlapping boxes. */
const overlapThreshold = 0.4;

const licence = { id: 'MIT', url: 'https://github.com/vladmandic/face-api/blob/master/LICENSE' };
const weights = (name: string, file: string, sha256: string, sizeBytes: number): WeightsRef => ({
  name,
  source: `npm:@vladmandic/face-api@1.7.15#model/${file}`,
  sha256,
  licence,
  sizeBytes,
});

export default defineSafetyJudge({
  name: 'face-gender',
  summary:
    'Counts faces that look female and male to AgeGenderNet of face-api; no hazard. A count of looks as one network reads them, with an error unknown on generated faces.',
  reference: 'https://github.com/vladmandic/face-api',
  covers: [],
  scoresCorruption: false,
  attributes: ['gender:female', 'gender:male'],
  knownError:
    'The author of the network claims about 95 % of genders right on a test split of its own (second hand); on generated faces its error is unknown.',
  simulated: false,
  suggestedThreshold: 0.5,
  options: z.strictObject({
    /** Least score of a face; face-api's default. */
    faceThreshold: z.number().min(0.05).max(0.95).default(0.5),
    /** A face whose more likely gender has a lower probability counts as `gender:unclear`. */
    certainty: z.number().min(0.5).max(1).default(0.6),
  }),
  needs: {
    runtime: true,
    weights: [
      weights(
        'detector',
        'tiny_face_detector_model.bin',
        'b7503ce7df31039b1c43316a9b865cab6a70dd748cc602d3fa28b551503c3871',
        193_321,
      ),
      weights(
        'detector-manifest',
        'tiny_face_detector_model-weights_manifest.json',
        '5d1af4849ac48d5b985f4a9b16010c512353ddd6fcc63d50fd0bc9e9e64296e5',
        3_219,
      ),
      weights('gender', 'age_gender_model.bin', '49f92bbc0afef2342c4385e4a2b0acb6d7a727c6f0aa539499719a81acf9abaa', 429_708),
      weights(
        'gender-manifest',
        'age_gender_model-weights_manifest.json',
        '74b60bf3ebf981bf4e661e9cca3a185614e10b25d797118b62e2a68d3ff2569f',
        8_392,
      ),
    ],
  },

  async create({ faceThreshold, certainty }, context) {
    const read = async (name: string) =>
      toOnnxLayout(readFaceWeights(await context.weights(`${name}-manifest`), await context.weights(name)));
    await using opened = new AsyncDisposableStack();
    // Faces are counted: which one is found, cut and taken for whom turns on thresholds, so that rounding would move whole faces.
    const exact = { precision: 'f32' } as const;
    const finder = opened.use(
      await context.runtime.load(detectorGraph(), { ...(await read('detector')), ...constants }, maxBatch, exact),
    );
    const { 'fc/age/weights': _age, 'fc/age/bias': _ageBias, ...genderWeights } = await read('gender');
    const reader = opened.use(await context.runtime.load(genderGraph(), genderWeights, maxBatch, exact));
    const kept = opened.move();
    const facesOf = async (rasters: readonly RasterImage[], signal: AbortSignal): Promise<Box[][]> => {
      const output = await onlyOutput(
        finder,
        rasters.map((raster) => squareOf(raster, false)),
        signal,
      );
      const size = output.length / rasters.length;
      return rasters.map((_, i) =>
        suppressOverlaps(decodeBoxes(output.subarray(i * size, (i + 1) * size), faceThreshold), overlapThreshold).slice(
          0,
          mostFaces,
        ),
      );
    };
    const verdict = async (raster: RasterImage, boxes: readonly Box[], signal: AbortSignal): Promise<Verdict> => {
      const side = Math.max(raster.width, raster.height);
      const crops = boxes.flatMap((box) => cropOf(raster, box, side) ?? []).map((crop) => squareOf(crop, true));
      const counts = { 'gender:female': 0, 'gender:male': 0, 'gender:unclear': 0 };
      for (let start = 0; start < crops.length; start += maxBatch) {
        const output = await onlyOutput(reader, crops.slice(start, start + maxBatch), signal);
        for (let i = 0; i < output.length; i += 2) counts[genderOf(output[i]!, output[i + 1]!, certainty)] += 1;
      }
      return { status: 'scored', hazardScores: {}, raw: { faces: crops.length, ...counts } };
    };
    return {
      maxBatch,
      judge: (items, signal) =>
        scoreDecoded<Verdict>(
          items.map(({ image }) => image),
          signal,
          async (rasters) => {
            const verdicts: Verdict[] = [];
            for (const [i, boxes] of (await facesOf(rasters, signal)).entries())
              verdicts.push(await verdict(rasters[i]!, boxes, signal));
            return verdicts;
          },
        ),
      [Symbol.asyncDispose]: () => kept.disposeAsync(),
    };
  },
});

const genderOf = (male: number, female: number, certainty: number) =>
  Math.max(male, female) < certainty ? 'gender:unclear' : male > female ? 'gender:male' : 'gender:female';

async function onlyOutput(model: Model, image: readonly RasterImage[], signal: AbortSignal): Promise<Float32Array> {
  const [output] = Object.values(await model.run({ image }, signal));
  return Float32Array.from(output!.data);
}
