/**
 * Any ONNX network as a detector: the file and a card that says what it takes and gives. The card stands in the study,
 * where its digest, licence and training data become part of the manifest.
 */
import { type Detection, DiptychError, defineDetector, type OnnxNetwork } from '@diptych/plugin-kit';
import { z } from 'zod';
import { scoreDecoded } from '../shared/decode-images.ts';
import { activate, cardFields, weightsOfCard } from '../shared/onnx-card.ts';

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
    message: 'Expected one of the labels.',
  })
  .refine(({ labels, activation }) => activation !== 'softmax' || labels.length > 1, {
    path: ['activation'],
    message: 'Expected at least two labels for softmax; over one it is always 1.',
  });

const options = z.strictObject({
  /** Path of the .onnx file, relative to the study file. */
  model: z.string().min(1),
  card,
  /** Images in one run of the network. */
  batch: z.int().min(1).max(256).default(8),
});
type Options = z.output<typeof options>;

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
  async create({ card: facts, batch }, context) {
    const declared = new Set(facts.files.map(({ path }) => path));
    const model = await context.runtime.loadOnnx(await context.weights('model'), {
      batch,
      recipe: { [facts.input]: facts.recipe },
      readExternal: async (path) => {
        if (!declared.has(path)) {
          throw new DiptychError(
            'WEIGHTS_FORMAT_INVALID',
            `Expected every file of the model under card.files, "${path}" is missing. Add its path and SHA-256.`,
          );
        }
        return context.weights(path);
      },
    });
    try {
      checkNetwork(model, facts);
    } catch (error) {
      await model[Symbol.asyncDispose]();
      throw error;
    }
    const scored = facts.labels.indexOf(facts.synthetic);
    const width = facts.labels.length;
    return {
      maxBatch: batch,
      detect: (images, signal) =>
        scoreDecoded<Detection>(images, signal, async (rasters) => {
          const { [facts.output]: output } = await model.run({ [facts.input]: rasters }, signal);
          return rasters.map((_, index) => {
            const row = [...output!.data.subarray(index * width, (index + 1) * width)];
            return { status: 'scored', syntheticScore: activate(row, facts.activation)[scored]! };
          });
        }),
      [Symbol.asyncDispose]: () => model[Symbol.asyncDispose](),
    };
  },
});

/** What the card says against what the file holds. */
function checkNetwork(model: OnnxNetwork, { input, output, labels }: Options['card']): void {
  const others = model.inputs.filter(({ name }) => name !== input).map(({ name }) => name);
  if (others.length > 0) {
    throw mismatch(`one image input, "${input}"`, `also ${others.join(', ')}`);
  }
  const found = model.outputs.find(({ name }) => name === output);
  if (found === undefined)
    throw mismatch(`an output "${output}"`, `outputs ${model.outputs.map(({ name }) => name).join(', ')}`);
  const size = found.shape.reduce((product, length) => product * length, 1);
  if (size !== labels.length) {
    throw mismatch(`${labels.length} numbers in output "${output}", one for each label`, `${size}`);
  }
}

const mismatch = (expected: string, got: string): DiptychError =>
  new DiptychError('WEIGHTS_FORMAT_INVALID', `Expected a network with ${expected}, got ${got}. Correct the card.`);
