/** The tower of a judge and the heads on its embedding, opened and checked against their cards. */
import type { Answer, LoadOptions, OnnxNetwork, PluginContext, RasterImage, Tensor, Tensors } from '@diptych/plugin-kit';
import {
  activate,
  cardMismatch,
  checkLogits,
  checkNetwork,
  checkOutputs,
  declaredFiles,
  doubtOf,
} from '../../shared/onnx-card.ts';
import { runImages } from '../../shared/run-images.ts';
import type { Doubt } from '../../shared/try-network.ts';
import type { Options } from './options.ts';

/** By label. */
export type Scores = Readonly<Record<string, number>>;

export interface Networks extends AsyncDisposable {
  readonly tower: OnnxNetwork;
  readonly doubt: Doubt;
  /** One for each raster, in their order. */
  scores(rasters: readonly RasterImage[], signal: AbortSignal): Promise<Scores[]>;
  /** The same of made pictures; rejects where an activation of the cards meets what is no logits. */
  trial(rasters: readonly RasterImage[], signal: AbortSignal): Promise<Scores[]>;
}

/** Rejects with WEIGHTS_FORMAT_INVALID where a network is not what its card says, and with what loading rejects with. */
export async function openNetworks({ model: path, card, heads, batch }: Options, context: PluginContext): Promise<Networks> {
  await using opened = new AsyncDisposableStack();
  const open = async (weights: string, facts: Facts, how: LoadOptions) =>
    opened.use(
      await context.runtime.loadOnnx(await context.weights(weights), {
        name: facts.model,
        batch,
        outputs: [facts.output],
        ...(facts.recipe ? { recipe: { [facts.input]: facts.recipe } } : {}),
        quantisation: facts.quantisation,
        ...(facts.items !== undefined && { items: facts.items }),
        readExternal: declaredFiles(facts.files, context.weights, weights),
        ...how,
      }),
    );
  const tops: Top[] = [];
  for (const [name, facts] of Object.entries(heads)) {
    // Beside its tower a head costs nothing, and its rounding would add to that of the tower.
    const model = await open(`head ${name}`, facts, { precision: 'f32' });
    checkNetwork(model, { ...facts, width: facts.labels.length });
    tops.push({ name, model, facts });
  }
  const answers = (outputs: Tensors, signal?: AbortSignal) => answersOf(card, outputs[card.output]!, tops, signal);
  const scoring = { heads: Object.fromEntries(tops.map(({ name, model }) => [name, model])), answers };
  const tower = await open('model', { ...card, model: path }, { scoring });
  const width = card.reduce === 'max-over-boxes' ? undefined : card.labels?.length;
  const size = checkNetwork(tower, { ...card, ...(width === undefined ? {} : { width }) });
  const { shape } = tower.outputs.find(({ name }) => name === card.output)!;
  if (card.reduce === 'max-over-boxes') checkBoxes(card, shape);
  for (const top of tops) checkEmbedding(top, size);
  const kept = opened.move();
  const scored = [...(card.labels ? [{ model: tower, facts: card }] : []), ...tops];
  const scoresWith = (check: RowCheck) => async (rasters: readonly RasterImage[], signal: AbortSignal) => {
    const found: Record<string, number>[] = rasters.map(() => ({}));
    for (const answer of await answers(await runImages(tower, card, rasters, signal), signal))
      addScores(found, answer, check);
    return found;
  };
  return {
    tower,
    doubt: scored.some(({ model, facts }) => doubtOf(model, facts) === 'scores') ? 'scores' : 'finite',
    scores: scoresWith(checkOutputs),
    trial: scoresWith((row, labels, facts) => {
      checkOutputs(row, labels, facts);
      checkLogits(row, facts);
    }),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/** What a network's numbers become: those of the file itself where its card has labels, and those of the heads on them. */
async function answersOf(
  card: Options['card'],
  output: Tensor,
  tops: readonly Top[],
  signal?: AbortSignal,
): Promise<Labelled[]> {
  const found: Labelled[] = [];
  if (card.labels !== undefined) {
    const { labels, activation } = card;
    const values = card.reduce === 'max-over-boxes' ? maxOverBoxes(output, rowsOf(card)) : output;
    found.push({ name: card.output, output: card.output, values, activation, labels });
  }
  for (const top of tops) {
    const { name, model, facts } = top;
    const embedding = embeddingOf(output, facts.embedding);
    checkEmbedding(top, embedding.shape[1]!);
    const { [facts.output]: values } = await model.run({ [facts.input]: embedding }, signal);
    const { labels, activation } = facts;
    found.push({ name: `${facts.output} of head ${name}`, output: facts.output, values: values!, activation, labels });
  }
  return found;
}

const rowsOf = ({ labels }: Options['card']): number => 4 + (labels?.length ?? 0);

function checkBoxes(card: Options['card'], shape: readonly number[]): void {
  // A file that is run for one image keeps its batch of one.
  const found = card.items === 'graph' && shape[0] === 1 ? shape.slice(1) : shape;
  const rows = rowsOf(card);
  if (found.length !== 2 || found[0] !== rows)
    throw cardMismatch(`${rows} rows of boxes in output "${card.output}"`, `shape ${shape.join(' × ')} for an image`);
}

function checkEmbedding({ name, model }: Top, size: number): void {
  const wanted = model.inputs[0]!.shape;
  if (wanted.length !== 1 || wanted[0] !== size)
    throw cardMismatch(`head "${name}" for an embedding of ${size}, which the tower gives`, wanted.join(' × '));
}

interface Top {
  readonly name: string;
  readonly model: OnnxNetwork;
  readonly facts: Options['heads'][string];
}
type Facts = Omit<Parameters<typeof checkNetwork>[1], 'width'> & Files;

interface Files {
  readonly model: string;
  readonly files: Options['card']['files'];
  readonly quantisation: Options['card']['quantisation'];
  readonly items?: Options['card']['items'];
  readonly recipe?: Options['card']['recipe'];
}

type RowCheck = typeof checkOutputs;
interface Labelled extends Answer {
  /** Name of the output in its file. */
  readonly output: string;
  readonly labels: readonly string[];
}

function addScores(found: Record<string, number>[], answer: Labelled, check: RowCheck): void {
  const { labels, activation, values } = answer;
  for (const [item, scores] of found.entries()) {
    const row = [...values.data.subarray(item * labels.length, (item + 1) * labels.length)];
    check(row, labels, answer);
    const activated = activate(row, activation);
    for (const [place, label] of labels.entries()) scores[label] = activated[place]!;
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

function embeddingOf({ data, shape }: Tensor, kind: 'raw' | 'l2'): Tensor {
  const items = shape[0]!;
  const size = shape.slice(1).reduce((product, length) => product * length, 1);
  const values = Float32Array.from(data);
  if (kind === 'l2')
    for (let item = 0; item < items; item++) {
      const row = values.subarray(item * size, (item + 1) * size);
      const length = Math.sqrt(row.reduce((sum, value) => sum + value * value, 0));
      if (length > 0) for (let i = 0; i < size; i++) row[i]! /= length;
    }
  return { shape: [items, size], data: values };
}
