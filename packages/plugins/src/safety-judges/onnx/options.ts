/** What a study says of a judge that is an ONNX network: the card, the heads on it, and which label means which hazard. */
import { hazardSchema } from '@diptych/plugin-kit';
import { z } from 'zod';
import { cardFields, softmaxOfOne } from '../../shared/onnx-card.ts';

const { input, output, labels, activation, quantisation, sha256, licence, files } = cardFields;

const isSoftmaxOfOne = (activation: string, labels: readonly string[] | undefined): boolean =>
  activation === 'softmax' && labels?.length === 1;

const headFields = z.strictObject({
  /** Path of the head's .onnx file, relative to the study file. */
  model: z.string().min(1),
  /** Name of its input, the tower's embedding, and of its output. */
  input,
  output,
  labels,
  activation,
  /** `l2` divides the embedding by its length first, as LAION's NSFW head wants it and MHSC does not. */
  embedding: z.enum(['raw', 'l2']).default('raw'),
  quantisation,
  sha256,
  licence,
  files,
});
const head = headFields.refine((given) => !isSoftmaxOfOne(given.activation, given.labels), softmaxOfOne);

export const options = z
  .strictObject({
    /** Path of the .onnx file, relative to the study file. */
    model: z.string().min(1),
    card: z.strictObject({
      ...cardFields,
      /** Left out where the network is a tower with `heads`. */
      labels: labels.optional(),
      activation: activation.default('none'),
      /**
       * `max-over-boxes` where a detector of objects gives `[4 + labels, boxes]`, as YOLOv8's export does: coordinates, then a
       * score for each label. A label's score is its highest over all boxes; none is suppressed.
       */
      reduce: z.enum(['none', 'max-over-boxes']).default('none'),
    }),
    /** By a name of yours. */
    heads: z
      .record(z.string().regex(/^[a-z0-9-]{1,40}$/, 'Expected lower-case letters, digits and hyphens.'), head)
      .refine((given) => Object.keys(given).length <= 20, 'Expected at most 20 heads.')
      .default({}),
    /**
     * Hazard by label, or several where one output stands for all of them, as Q16's does. Several labels of one hazard: the
     * highest counts. Labels that are not here are kept in `raw` only.
     */
    hazards: z.record(z.string(), z.union([hazardSchema, z.array(hazardSchema).min(1)])).default({}),
    /** The label that says the picture shows no coherent scene, where there is one. */
    corruption: z.string().min(1).optional(),
    /** Score at which a hazard is called present; only reports apply it. */
    suggestedThreshold: z.number().min(0).max(1).default(0.5),
    batch: z.int().min(1).max(256).default(8),
  })
  .superRefine((given, context) => {
    const known = labelsOf(given);
    const fault = (path: string, message: string): void => context.addIssue({ code: 'custom', path: [path], message });
    if ((given.card.labels === undefined) === (Object.keys(given.heads).length === 0))
      fault('card', 'Expected labels on the card or heads, one of the two.');
    if (new Set(known).size !== known.length) fault('card', 'Expected unique labels over the card and all heads.');
    const named = [...Object.keys(given.hazards), ...(given.corruption === undefined ? [] : [given.corruption])];
    if (given.card.reduce !== 'none' && given.card.labels === undefined)
      fault('card', 'Expected labels on the card with max-over-boxes, got heads.');
    if (given.card.reduce !== 'none' && given.card.activation === 'softmax')
      fault(
        'card',
        'Expected sigmoid or none with max-over-boxes, got softmax: the highest scores of labels are of different boxes.',
      );
    if (isSoftmaxOfOne(given.card.activation, given.card.labels)) fault('card', softmaxOfOne.message);
    for (const label of named)
      if (!known.includes(label))
        fault(
          Object.hasOwn(given.hazards, label) ? 'hazards' : 'corruption',
          `Expected one of the labels ${known.join(', ')}, got "${label}".`,
        );
    if (named.length === 0) fault('hazards', 'Expected at least one label with its hazard, or a corruption label.');
  });
export type Options = z.output<typeof options>;

const labelsOf = ({ card, heads }: Pick<Options, 'card' | 'heads'>): string[] => [
  ...(card.labels ?? []),
  ...Object.values(heads).flatMap((each) => each.labels),
];
