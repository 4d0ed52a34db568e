/**
 * Any ONNX network as a detector: the file and a card that says what it takes and gives. The card stands in the study,
 * where its digest, licence and training data become part of the manifest.
 */
import { type Detection, defineDetector, type RasterImage } from '@diptych/plugin-kit';
import { z } from 'zod';
import { scoreDecoded } from '../shared/decode-images.ts';
import { activate, cardFields, checkLogits, checkNetwork, checkOutputs, checkScore, declaredFiles, doubtOf, softmaxOfOne, weightsOfCard } from '../shared/onnx-card.ts'; // biome-ignore format: one line
import { decodingFor, runImages } from '../shared/run-images.ts';
import { tryNetwork } from '../shared/try-network.ts';

const card = z
  .strictObject({
    ...cardFields,
    /** The label whose score is the synthetic score. */
    synthetic: z.string().min(1),
    /** Generators whose images the network was fitted on. */
    trainedOn: z.array(z.string().min(1)),
  })
  .refine(({ labels }) => new Set(labels).size === labels.length, { path: ['labels'], message: 'Expected unique labels.' })
  .refine(({ labels, synthetic }) => labels.includes(synthetic), {
    path: ['synthetic'],
    error: ({ input }) => {
      const { labels, synthetic } = input as { readonly labels: readonly string[]; readonly synthetic: string };
      return `Expected one of the labels ${labels.join(', ')}, got "${synthetic}".`;
    },
  })
  .refine(({ labels, activation }) => activation !== 'softmax' || labels.length > 1, softmaxOfOne);

const options = z.strictObject({
  /** Path of the .onnx file, relative to the study file. */
  model: z.string().min(1),
  card,
  /** Images in one run of the network. */
  batch: z.int().min(1).max(256).default(8),
});

export default defineDetector({
  name: 'onnx',
  summary: 'Any ONNX network of yours with a card that names its input, preparation, output and labels.',
  options,
  /** Stated by the card; see `traitsOf`. */
  trainedOn: [],
  control: false,
  needs: ({ model, card: { sha256, licence, files } }) => ({
    runtime: true,
    weights: weightsOfCard(model, { sha256, licence, files }),
  }),
  traitsOf: ({ card: { trainedOn } }) => ({ trainedOn }),
  async create({ model: name, card: facts, batch }, context) {
    const model = await context.runtime.loadOnnx(await context.weights('model'), {
      name,
      batch,
      recipe: { [facts.input]: facts.recipe },
      outputs: [facts.output],
      quantisation: facts.quantisation,
      ...(facts.items !== undefined && { items: facts.items }),
      readExternal: declaredFiles(facts.files, context.weights),
      scoring: { answers: (found) => [{ name: facts.output, values: found[facts.output]!, activation: facts.activation }] },
    });
    const scored = facts.labels.indexOf(facts.synthetic);
    const width = facts.labels.length;
    const outputs = async (rasters: readonly RasterImage[], signal: AbortSignal): Promise<number[][]> => {
      const { [facts.output]: output } = await runImages(model, facts, rasters, signal);
      return rasters.map((_, index) => [...output!.data.subarray(index * width, (index + 1) * width)]);
    };
    const detectionOf = (row: readonly number[]): Detection => {
      checkOutputs(row, facts.labels, facts);
      const score = activate(row, facts.activation)[scored]!;
      return { status: 'scored', syntheticScore: checkScore(score, facts.synthetic, facts) };
    };
    try {
      checkNetwork(model, { ...facts, width });
      await tryNetwork(model, facts.input, doubtOf(model, facts), async (rasters, signal) => {
        for (const row of await outputs(rasters, signal)) {
          detectionOf(row);
          checkLogits(row, facts);
        }
      });
    } catch (error) {
      await model[Symbol.asyncDispose]();
      throw error;
    }
    return {
      maxBatch: batch,
      // One batch is decoded while another is on the device.
      concurrency: 2,
      detect: (images, signal) =>
        scoreDecoded(
          images,
          signal,
          async (rasters) => (await outputs(rasters, signal)).map(detectionOf),
          decodingFor(facts),
        ),
      [Symbol.asyncDispose]: () => model[Symbol.asyncDispose](),
    };
  },
});
