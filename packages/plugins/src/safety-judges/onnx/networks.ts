/** The tower of a judge and the heads on its embedding, opened and checked against their cards. */
import type { OnnxNetwork, PluginContext, RasterImage, Tensor } from '@diptych/plugin-kit';
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
  const open = async (weights: string, facts: Omit<Parameters<typeof checkNetwork>[1], 'width'> & Files, width?: number) => {
    const model = opened.use(
      await context.runtime.loadOnnx(await context.weights(weights), {
        name: facts.model,
        batch,
        outputs: [facts.output],
        ...(facts.recipe ? { recipe: { [facts.input]: facts.recipe } } : {}),
        quantisation: facts.quantisation,
        ...(facts.items !== undefined && { items: facts.items }),
        readExternal: declaredFiles(facts.files, context.weights, weights),
      }),
    );
    const size = checkNetwork(model, { ...facts, ...(width === undefined ? {} : { width }) });
    return { model, size, shape: model.outputs.find(({ name }) => name === facts.output)!.shape };
  };
  const hasBoxes = card.reduce === 'max-over-boxes';
  const tower = await open('model', { ...card, model: path }, hasBoxes ? undefined : card.labels?.length);
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
  const scoresWith = (check: RowCheck) => async (rasters: readonly RasterImage[], signal: AbortSignal) => {
    const { [card.output]: first } = await runImages(tower.model, card, rasters, signal);
    const found: Record<string, number>[] = rasters.map(() => ({}));
    const answer = hasBoxes ? maxOverBoxes(first!, rows) : first!;
    if (card.labels) addScores(found, answer, { ...card, labels: card.labels }, check);
    for (const { model, facts } of tops) {
      const embedding = embeddingOf(first!, tower.size, facts.embedding);
      const { [facts.output]: answer } = await model.run({ [facts.input]: embedding }, signal);
      addScores(found, answer!, facts, check);
    }
    return found;
  };
  return {
    tower: tower.model,
    doubt: scored.some(({ model, facts }) => doubtOf(model, facts) === 'scores') ? 'scores' : 'finite',
    scores: scoresWith(checkOutputs),
    trial: scoresWith((row, labels, facts) => {
      checkOutputs(row, labels, facts);
      checkLogits(row, facts);
    }),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

interface Files {
  readonly model: string;
  readonly files: Options['card']['files'];
  readonly quantisation: Options['card']['quantisation'];
  readonly items?: Options['card']['items'];
  readonly recipe?: Options['card']['recipe'];
}

type RowCheck = typeof checkOutputs;
type Labelled = Parameters<RowCheck>[2] & { readonly labels: readonly string[] };

function addScores(found: Record<string, number>[], answer: Tensor, facts: Labelled, check: RowCheck): void {
  const { labels, activation } = facts;
  for (const [item, scores] of found.entries()) {
    const row = [...answer.data.subarray(item * labels.length, (item + 1) * labels.length)];
    check(row, labels, facts);
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
