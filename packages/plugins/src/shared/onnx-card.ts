/**
 * The card of an ONNX network: everything about it that its file does not say. Names, never positions: a label list that
 * is given with the label to score cannot be read backwards by mistake.
 */
import { DiptychError, type OnnxNetwork, type WeightsRef } from '@diptych/plugin-kit';
import { z } from 'zod';
import { recipeSchema } from './recipe-schema.ts';

const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'Expected 64 lower-case hexadecimal digits.');
const networkName = z.string().min(1).max(1000);

export const cardFields = {
  /** Name of the network's image input. */
  input: networkName,
  recipe: recipeSchema,
  /** `apply` turns the picture by its EXIF orientation first, as methods that read with OpenCV do. Absent: ignored, as by Pillow. */
  orientation: z.enum(['ignore', 'apply']).optional(),
  /** Name of the network's output that is read. */
  output: networkName,
  /** Names of the numbers of that output, in the order of the network. */
  labels: z.array(z.string().min(1)).min(1).max(10_000),
  /** What turns the output into scores in [0, 1]: nothing where the network does so itself. */
  activation: z.enum(['none', 'sigmoid', 'softmax']),
  /**
   * Of a quantised file. `weights-only`: activations are not rounded, which is another network than the file's, nearer to the
   * one before quantisation (docs/decisions/quantised-networks.md). A file that is not quantised is the same in both.
   */
  quantisation: z.enum(['as-written', 'weights-only']).default('as-written'),
  /**
   * `graph`: one run of the file is one image, for files without a batch, or whose batch of one is part of what they compute. Images
   * are then computed one by one. Absent: the first dimension counts images.
   */
  items: z.enum(['batch', 'graph']).optional(),
  /** SHA-256 of the .onnx file: the card speaks of this file and no other. */
  sha256,
  licence: z.strictObject({ id: z.string().min(1), notice: z.string().optional(), url: z.url().optional() }),
  /** Files beside the model that hold its weights, under the paths that the model names. */
  files: z
    .array(z.strictObject({ path: networkName, sha256 }))
    .refine((files) => new Set(files.map(({ path }) => path)).size === files.length, 'Expected every file once.')
    .default([]),
};

/** Over one label it is always 1. */
export const softmaxOfOne = {
  path: ['activation'],
  message: 'Expected at least two labels for softmax; over one it is always 1.',
};

interface NetworkFiles {
  readonly sha256: string;
  readonly licence: { readonly id: string; readonly notice?: string | undefined; readonly url?: string | undefined };
  readonly files: readonly { readonly path: string; readonly sha256: string }[];
}

/**
 * The model and the files beside it, for `needs.weights`. `model` is a path relative to the study file; `name` that of its
 * reference, which is part of those of its files: two heads may have a file of one name each, in folders of their own.
 */
export function weightsOfCard(
  model: string,
  { sha256: digest, licence, files }: NetworkFiles,
  name = 'model',
): WeightsRef[] {
  const { id, notice, url } = licence;
  const terms = { id, ...(notice === undefined ? {} : { notice }), ...(url === undefined ? {} : { url }) };
  const folder = model.slice(0, model.lastIndexOf('/') + 1);
  return [
    { name, source: `file:${model}`, sha256: digest, licence: terms },
    ...files.map(({ path, sha256: own }) => ({
      name: besideOf(name, path),
      source: `file:${folder}${path}`,
      sha256: own,
      licence: terms,
    })),
  ];
}

const besideOf = (name: string, path: string): string => `${path} of ${name}`;

/** One score for each label, in [0, 1] where the activation is not `none`. In double precision, so that close logits stay apart. */
export function activate(outputs: readonly number[], activation: 'none' | 'sigmoid' | 'softmax'): number[] {
  if (activation === 'none') return [...outputs];
  if (activation === 'sigmoid') return outputs.map((logit) => 1 / (1 + Math.exp(-logit)));
  const largest = Math.max(...outputs);
  const powers = outputs.map((logit) => Math.exp(logit - largest));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
}

/** What one card says of its network, against what the file holds. `width` is the number of labels, or absent for an embedding of any length. */
export interface NetworkFacts {
  readonly input: string;
  readonly output: string;
  readonly width?: number;
  readonly activation: 'none' | 'sigmoid' | 'softmax';
}

/** Numbers in one item of the output, the one that was asked for; throws WEIGHTS_FORMAT_INVALID where card and file disagree. */
export function checkNetwork(model: OnnxNetwork, { input, output, width, activation }: NetworkFacts): number {
  const inputs = model.inputs.map(({ name }) => name);
  if (!inputs.includes(input)) throw cardMismatch(`an input "${input}"`, inputs.join(', '));
  if (inputs.length > 1)
    throw cardMismatch(
      `one input, "${input}"`,
      `also ${inputs.filter((name) => name !== input).join(', ')}`,
      'Export it with that input alone, or name an output that needs no other',
    );
  const found = model.outputs.find(({ name }) => name === output)!;
  const size = found.shape.reduce((product, length) => product * length, 1);
  if (width !== undefined && size !== width)
    throw cardMismatch(`${width} number${width === 1 ? '' : 's'} in output "${output}", one for each label`, `${size}`);
  if (found.activation !== undefined && activation !== 'none')
    throw new DiptychError(
      'WEIGHTS_FORMAT_INVALID',
      `Expected logits in output "${output}" for \`activation: ${activation}\`, got what the file makes by ${found.activation} itself. Write \`activation: none\`.`,
    );
  return size;
}

/** What is not known of the scores of a network before it ran. */
export const doubtOf = (model: OnnxNetwork, { output, activation }: NetworkFacts): 'finite' | 'scores' =>
  activation === 'none' && model.outputs.find(({ name }) => name === output)!.activation === undefined ? 'scores' : 'finite';

export const cardMismatch = (expected: string, got: string, cure = 'Correct the card'): DiptychError =>
  new DiptychError('WEIGHTS_FORMAT_INVALID', `Expected a network with ${expected}, got ${got}. ${cure}.`);

/** The score as it is, or an error where it is none: of logits whose card names no activation, or NaN. */
export function checkScore(score: number, label: string, { output }: Pick<NetworkFacts, 'output'>): number {
  if (score >= 0 && score <= 1) return score;
  if (Number.isNaN(score))
    throw new DiptychError(
      'WEIGHTS_FORMAT_INVALID',
      `Expected output "${output}" to give numbers, got NaN for label "${label}". Its weights hold NaN or infinity, or its recipe gives it none it can take; check the file with onnxruntime.`,
    );
  throw new DiptychError(
    'WEIGHTS_FORMAT_INVALID',
    `Expected output "${output}" to give scores from 0 to 1, as \`activation: none\` says, got ${score} for label "${label}". Of logits write \`activation: sigmoid\` or \`softmax\` in the card and score again: what lies between 0 and 1 by chance is no score either.`,
  );
}

/**
 * Throws where an infinite output would become a score: the sigmoid of infinity is 1. A softmax takes the negative one, by which
 * networks leave a class out.
 */
export function checkOutputs(row: readonly number[], labels: readonly string[], { output, activation }: Activated): void {
  const place = row.findIndex(
    (value) => value === Number.POSITIVE_INFINITY || (value === Number.NEGATIVE_INFINITY && activation !== 'softmax'),
  );
  if (place === -1) return;
  throw new DiptychError(
    'WEIGHTS_FORMAT_INVALID',
    `Expected output "${output}" to give finite numbers, got ${row[place]} for label "${labels[place]}". Its weights hold infinity, or a number grew beyond float32 or, with DIPTYCH_PRECISION or in the file, float16; check the file with onnxruntime.`,
  );
}

/**
 * Throws where an activation would meet numbers that are shares already, of a softmax or sigmoid written as other ops, or of trees:
 * scores would crowd around the middle. Logits that add up to 1 by chance are too rare on one made picture to matter.
 */
export function checkLogits(row: readonly number[], { output, activation }: Activated): void {
  const sum = row.reduce((total, value) => total + value, 0);
  const isShares = row.length > 1 && row.every((value) => value >= 0 && value <= 1) && Math.abs(sum - 1) < 1e-5;
  if (activation === 'none' || !isShares) return;
  throw new DiptychError(
    'WEIGHTS_FORMAT_INVALID',
    `Expected logits in output "${output}" for \`activation: ${activation}\`, got numbers from 0 to 1 that add up to 1. Write \`activation: none\`.`,
  );
}
type Activated = Pick<NetworkFacts, 'output' | 'activation'>;

/** Reads files beside a model, whose reference has `name`, where its card declares them. */
export function declaredFiles(
  files: readonly { readonly path: string }[],
  read: (name: string) => Promise<Uint8Array>,
  name = 'model',
): (path: string) => Promise<Uint8Array> {
  const declared = new Set(files.map(({ path }) => path));
  return async (path) => {
    if (declared.has(path)) return read(besideOf(name, path));
    throw new DiptychError(
      'WEIGHTS_FORMAT_INVALID',
      `Expected every file with weights of the network under \`files\`, "${path}" is missing. Add its path and SHA-256, which \`diptych model inspect\` prints.`,
    );
  };
}
