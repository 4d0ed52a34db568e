/**
 * Any ONNX network as a safety judge: the file and a card that names its input, preparation and labels, and which label
 * means which hazard. A CLIP-type judge is a tower and heads: the tower runs once for an image, each head on its embedding.
 */
import {
  defineSafetyJudge,
  type Hazard,
  hazardSchema,
  type OnnxNetwork,
  type PluginContext,
  type RasterImage,
  type Tensor,
  type Verdict,
} from '@diptych/plugin-kit';
import { z } from 'zod';
import { scoreDecoded } from '../shared/decode-images.ts';
import { activate, cardFields, cardMismatch, checkNetwork, checkScore, declaredFiles, doubtOf, weightsOfCard } from '../shared/onnx-card.ts'; // biome-ignore format: one line
import { decodingFor, runImages } from '../shared/run-images.ts';
import { type Doubt, tryNetwork } from '../shared/try-network.ts';

const { input, output, labels, activation, quantisation, sha256, licence, files } = cardFields;

const head = z.strictObject({
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

const options = z
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
    for (const label of named)
      if (!known.includes(label)) fault('hazards', `Expected one of the labels ${known.join(', ')}, got "${label}".`);
    if (named.length === 0) fault('hazards', 'Expected at least one label with its hazard, or a corruption label.');
  });
type Options = z.output<typeof options>;

const labelsOf = ({ card, heads }: Pick<Options, 'card' | 'heads'>): string[] => [
  ...(card.labels ?? []),
  ...Object.values(heads).flatMap((each) => each.labels),
];
const coversOf = ({ hazards }: Options): Hazard[] => [...new Set(Object.values(hazards).flat())];

export default defineSafetyJudge({
  name: 'onnx',
  summary: 'Any ONNX network of yours, or a CLIP-type tower with heads, with a card that maps its labels to hazards.',
  options,
  /** Stated by the card; see `traitsOf`. */
  covers: [],
  scoresCorruption: true,
  simulated: false,
  suggestedThreshold: 0.5,
  needs: ({ model, card, heads }) => ({
    runtime: true,
    weights: [
      ...weightsOfCard(model, card),
      ...Object.entries(heads).flatMap(([name, each]) => weightsOfCard(each.model, each, `head ${name}`)),
    ],
  }),
  traitsOf: (given) => ({
    covers: coversOf(given),
    scoresCorruption: given.corruption !== undefined,
    suggestedThreshold: given.suggestedThreshold,
  }),
  async create(given, context) {
    const networks = await openNetworks(given, context);
    try {
      await tryNetwork(networks.tower, given.card.input, networks.doubt, async (rasters, signal) =>
        (await networks.scores(rasters, signal)).map((scores) => verdictOf(scores, given)),
      );
    } catch (error) {
      await networks[Symbol.asyncDispose]();
      throw error;
    }
    return {
      maxBatch: given.batch,
      judge: (items, signal) =>
        scoreDecoded<Verdict>(
          items.map(({ image }) => image),
          signal,
          async (rasters) => (await networks.scores(rasters, signal)).map((scores) => verdictOf(scores, given)),
          decodingFor(given.card),
        ),
      [Symbol.asyncDispose]: () => networks[Symbol.asyncDispose](),
    };
  },
});

type Scores = Readonly<Record<string, number>>;

function verdictOf(scores: Scores, given: Options): Verdict {
  const scoredBy = (label: string): { readonly output: string } =>
    Object.values(given.heads).find((each) => each.labels.includes(label)) ?? given.card;
  const scoreOf = (label: string): number => checkScore(scores[label]!, label, scoredBy(label));
  const hazardScores: Partial<Record<Hazard, number>> = {};
  for (const [label, meant] of Object.entries(given.hazards))
    for (const hazard of [meant].flat())
      hazardScores[hazard] = Math.max(hazardScores[hazard] ?? Number.NEGATIVE_INFINITY, scoreOf(label));
  const corruption = given.corruption === undefined ? {} : { corruptionScore: scoreOf(given.corruption) };
  return { status: 'scored', hazardScores, ...corruption, raw: scores };
}

interface Networks extends AsyncDisposable {
  readonly tower: OnnxNetwork;
  readonly doubt: Doubt;
  /** By label, for each raster. */
  scores(rasters: readonly RasterImage[], signal: AbortSignal): Promise<Scores[]>;
}

async function openNetworks({ card, heads, batch }: Options, context: PluginContext): Promise<Networks> {
  await using opened = new AsyncDisposableStack();
  const open = async (weights: string, facts: Omit<Parameters<typeof checkNetwork>[1], 'width'> & Files, width?: number) => {
    const model = opened.use(
      await context.runtime.loadOnnx(await context.weights(weights), {
        batch,
        outputs: [facts.output],
        ...(facts.recipe ? { recipe: { [facts.input]: facts.recipe } } : {}),
        quantisation: facts.quantisation,
        ...(facts.items !== undefined && { items: facts.items }),
        readExternal: declaredFiles(facts.files, context.weights),
      }),
    );
    const size = checkNetwork(model, { ...facts, ...(width === undefined ? {} : { width }) });
    return { model, size, shape: model.outputs.find(({ name }) => name === facts.output)!.shape };
  };
  const hasBoxes = card.reduce === 'max-over-boxes';
  const tower = await open('model', card, hasBoxes ? undefined : card.labels?.length);
  const rows = 4 + (card.labels?.length ?? 0);
  // A file that is run for one image keeps its batch of one.
  const found = card.items === 'graph' && tower.shape[0] === 1 ? tower.shape.slice(1) : tower.shape;
  if (hasBoxes && (found.length !== 2 || found[0] !== rows))
    throw cardMismatch(`${rows} rows of boxes in output "${card.output}"`, `shape ${tower.shape.join(' × ')} for an image`);
  const tops: { readonly model: OnnxNetwork; readonly facts: Options['heads'][string] }[] = [];
  for (const [name, facts] of Object.entries(heads)) {
    const { model } = await open(`head ${name}`, facts, facts.labels.length);
    const wanted = model.inputs[0]!.shape;
    if (wanted.length !== 1 || wanted[0] !== tower.size)
      throw cardMismatch(`head "${name}" for an embedding of ${tower.size}, which the tower gives`, wanted.join(' × '));
    tops.push({ model, facts });
  }
  const kept = opened.move();
  const scored = [...(card.labels ? [{ model: tower.model, facts: card }] : []), ...tops];
  return {
    tower: tower.model,
    doubt: scored.some(({ model, facts }) => doubtOf(model, facts) === 'scores') ? 'scores' : 'finite',
    async scores(rasters, signal) {
      const { [card.output]: first } = await runImages(tower.model, card, rasters, signal);
      const found: Record<string, number>[] = rasters.map(() => ({}));
      const answer = hasBoxes ? maxOverBoxes(first!, rows) : first!;
      if (card.labels) addScores(found, answer, card.labels, card.activation);
      for (const { model, facts } of tops) {
        const embedding = embeddingOf(first!, tower.size, facts.embedding);
        const { [facts.output]: answer } = await model.run({ [facts.input]: embedding }, signal);
        addScores(found, answer!, facts.labels, facts.activation);
      }
      return found;
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}
interface Files {
  readonly files: Options['card']['files'];
  readonly quantisation: Options['card']['quantisation'];
  readonly items?: Options['card']['items'];
  readonly recipe?: Options['card']['recipe'];
}

function addScores(
  found: Record<string, number>[],
  answer: Tensor,
  names: readonly string[],
  kind: Parameters<typeof activate>[1],
): void {
  for (const [item, scores] of found.entries()) {
    const row = activate([...answer.data.subarray(item * names.length, (item + 1) * names.length)], kind);
    for (const [place, label] of names.entries()) scores[label] = row[place]!;
  }
}

/** The largest number of every row but the four of coordinates. */
function maxOverBoxes({ data, shape }: Tensor, rows: number): Tensor {
  const items = shape[0]!;
  const boxes = data.length / (items * rows);
  const largest = new Float32Array(items * (rows - 4)).fill(Number.NEGATIVE_INFINITY);
  for (const [place] of largest.entries()) {
    const row = Math.floor(place / (rows - 4)) * rows + 4 + (place % (rows - 4));
    for (const value of data.subarray(row * boxes, (row + 1) * boxes)) largest[place] = Math.max(largest[place]!, value);
  }
  return { shape: [items, rows - 4], data: largest };
}

function embeddingOf({ data, shape }: Tensor, size: number, kind: 'raw' | 'l2'): Tensor {
  const items = shape[0]!;
  const values = Float32Array.from(data);
  if (kind === 'l2')
    for (let item = 0; item < items; item++) {
      const row = values.subarray(item * size, (item + 1) * size);
      const length = Math.sqrt(row.reduce((sum, value) => sum + value * value, 0));
      if (length > 0) for (let i = 0; i < size; i++) row[i]! /= length;
    }
  return { shape: [items, size], data: values };
}
