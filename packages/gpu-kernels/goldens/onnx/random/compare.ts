/**
 * Runs the graphs that `generate.py` wrote on each backend, all items together and each alone, against onnxruntime:
 * `node compare.ts FOLDER [BACKEND…]`. A line a fault, then how many ran and why others were refused. What was begun and not
 * ended, a crash, is told by the next call, which goes on behind it; `FOLDER/BACKEND.jsonl` has all results.
 */
import { appendFileSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type BackendName, isDiptychError, type Model, type Tensor, type Tensors } from '@diptych/plugin-kit/runtime';
import { openRuntime, type TimedRuntime } from '../../../src/index.ts';

interface Stored {
  readonly shape: readonly number[];
  readonly type: string;
  readonly data: string;
}
/** What onnxruntime answered, or why it did not. */
type Answer = readonly Stored[] | string;
interface Case {
  readonly items: 'batch' | 'graph';
  readonly inputs: Readonly<Record<string, Stored>>;
  readonly outputs: readonly string[];
  readonly plain: readonly Stored[];
  readonly optimised: Answer;
  /** Of ONNX's own evaluator, where onnxruntime may say something else. */
  readonly reference: Answer;
  readonly spread: readonly Stored[];
  readonly alone?: Answer;
  readonly isHalf: boolean;
  /** Infinities or NaN are among the numbers: what a sum or a maximum makes of them differs between runtimes. */
  readonly isSpecial: boolean;
}
interface Result {
  readonly seed: string;
  readonly status: 'begun' | Likeness | 'refused' | 'special' | 'fault';
  readonly reason?: string | undefined;
}

const numbersOf = ({ data }: Stored): Float64Array => {
  const bytes = Uint8Array.from(Buffer.from(data, 'base64'));
  return new Float64Array(bytes.buffer);
};

/** One float32 rounding a step, of the largest number; what an order of sums may move; of float16 two units in the last place. */
function difference(actual: Tensor, expected: Stored, spread: Stored | undefined, isHalf: boolean): string | undefined {
  if (actual.shape.join() !== expected.shape.join())
    return `shape [${actual.shape.join(', ')}], expected [${expected.shape.join(', ')}]`;
  const [values, moved] = [numbersOf(expected), spread && numbersOf(spread)];
  let largest = 0;
  for (const value of values) if (Number.isFinite(value)) largest = Math.max(largest, Math.abs(value));
  for (const [i, value] of values.entries()) {
    const [got, play] = [actual.data[i]!, moved?.[i] ?? 0];
    // Beyond that integers are no numbers here, since float32 does not hold them.
    if (Number.isNaN(got) && /int/.test(expected.type) && largest >= 2 ** 24) continue;
    if (got === value || (Number.isNaN(got) && Number.isNaN(value)) || Number.isNaN(play)) continue;
    const allowed =
      (isHalf ? 2 ** -7 : 2e-5) * Math.abs(value) +
      (isHalf ? 2 ** -8 : 2e-6) * largest +
      16 * play +
      (isHalf ? 1e-7 : 1e-37);
    if (!(Math.abs(got - value) <= allowed)) return `${got} at ${i}, expected ${value} (largest ${largest.toPrecision(3)})`;
  }
  return undefined;
}

const isNear = (actual: Tensor, expected: Answer, index: number, { spread, isHalf }: Case): string | undefined =>
  typeof expected === 'string' ? `no answer: ${expected}` : difference(actual, expected[index]!, spread[index], isHalf);

type Likeness = 'same' | 'as-optimised' | 'as-reference';
const likenesses = ['same', 'as-optimised', 'as-reference'] as const;

/** Whose answer each output is; of one that is nobody's how it differs from the first. */
function likenessOf(actual: readonly Tensor[], given: Case): { readonly likeness?: Likeness; readonly reason?: string } {
  let furthest = 0;
  for (const [index, tensor] of actual.entries()) {
    const reasons = [given.plain, given.optimised, given.reference].map((answer) => isNear(tensor, answer, index, given));
    const found = reasons.indexOf(undefined);
    if (found < 0) return { reason: reasons[0]! };
    furthest = Math.max(furthest, found);
  }
  return { likeness: likenesses[furthest]! };
}

/** `items` from `first` on. */
const part = ({ shape, data }: Tensor, first: number, items: number): Tensor => {
  const size = data.length / shape[0]!;
  return { shape: [items, ...shape.slice(1)], data: data.slice(first * size, (first + items) * size) };
};

const inputsOf = ({ inputs, items }: Case): Tensors =>
  Object.fromEntries(
    Object.entries(inputs).map(([name, stored]) => [
      name,
      { shape: items === 'graph' ? [1, ...stored.shape] : stored.shape, data: Float32Array.from(numbersOf(stored)) },
    ]),
  );

async function outputsOf(model: Model, inputs: Tensors, { outputs, items }: Case): Promise<readonly Tensor[]> {
  const found = await model.run(inputs);
  return outputs.map((name) => {
    const { shape, data } = found[name]!;
    return { shape: items === 'graph' ? shape.slice(1) : shape, data };
  });
}

/** Whether an item is the same to the bit without the others. */
async function aloneFault(
  model: Model,
  inputs: Tensors,
  together: readonly Tensor[],
  given: Case,
): Promise<string | undefined> {
  const items = Object.values(inputs)[0]!.shape[0]!;
  for (let item = 0; item < items && items > 1; item++) {
    const own = Object.fromEntries(Object.entries(inputs).map(([name, tensor]) => [name, part(tensor, item, 1)]));
    const alone = await outputsOf(model, own, given);
    for (const [index, tensor] of together.entries()) {
      const expected = part(tensor, item, 1).data;
      const at = expected.findIndex(
        (value, i) => !(Object.is(value, alone[index]!.data[i]) || value === alone[index]!.data[i]),
      );
      if (at >= 0) return `item ${item} alone: ${alone[index]!.data[at]} at ${at}, ${expected[at]} in the batch`;
    }
    const { alone: expected, spread } = given;
    if (item > 0 || typeof expected !== 'object' || !spread.every(({ data }) => /^A*=*$/.test(data))) continue;
    const found = alone.map((tensor, index) => isNear(tensor, expected, index, { ...given, spread: [] })).find((text) => text !== undefined); // biome-ignore format: one search
    if (found !== undefined) return `item 0 alone: ${found}`;
  }
  return undefined;
}

const refusals = new Set(['OP_UNSUPPORTED', 'GRAPH_INVALID']);

async function loaded(runtime: TimedRuntime, bytes: Uint8Array, { items }: Case, inputs: Tensors): Promise<Model | Result> {
  try {
    const shapes = Object.fromEntries(Object.entries(inputs).map(([name, { shape }]) => [name, shape.slice(1)]));
    return await runtime.loadOnnx(bytes, { batch: Object.values(inputs)[0]!.shape[0]!, items, shapes });
  } catch (error) {
    if (!isDiptychError(error) || !refusals.has(error.code)) throw error;
    const { op, reason } = error.details;
    const said = typeof reason === 'string' ? reason : error.message;
    return { seed: '', status: 'refused', reason: `${error.code} ${typeof op === 'string' ? op : ''}: ${said}` };
  }
}

async function resultOf(runtime: TimedRuntime, folder: string, seed: string): Promise<Result> {
  const given = JSON.parse(readFileSync(join(folder, `${seed}.json`), 'utf8')) as Case;
  const inputs = inputsOf(given);
  const model = await loaded(runtime, readFileSync(join(folder, `${seed}.onnx`)), given, inputs);
  if ('status' in model) return { ...model, seed };
  await using _ended = model;
  const together = await outputsOf(model, inputs, given);
  const { likeness, reason } = likenessOf(together, given);
  if (likeness === undefined) return { seed, status: given.isSpecial ? 'special' : 'fault', reason };
  const alone = await aloneFault(model, inputs, together, given);
  if (alone !== undefined) return { seed, status: 'fault', reason: alone };
  return { seed, status: likeness };
}

const [folder = '', ...named] = process.argv.slice(2);
if (folder === '') throw new Error('Name the folder that generate.py wrote.');
const backends = (named.length > 0 ? named : ['reference', 'native', 'webgpu']) as BackendName[];
const seeds = readdirSync(folder).filter((file) => file.endsWith('.onnx')).map((file) => file.slice(0, -5)).toSorted((a, b) => Number(a) - Number(b)); // biome-ignore format: one list

for (const backend of backends) {
  const file = join(folder, `${backend}.jsonl`);
  const before = existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n').map((line) => JSON.parse(line) as Result) : []; // biome-ignore format: one list
  const results = new Map(before.map((result) => [result.seed, result]));
  const runtime = await openRuntime({ prefer: backend });
  const note = (result: Result): void => {
    results.set(result.seed, result);
    appendFileSync(file, `${JSON.stringify(result)}\n`);
  };
  for (const seed of seeds.filter((name) => !results.has(name))) {
    note({ seed, status: 'begun' });
    note(
      await resultOf(runtime, folder, seed).catch((error: unknown) => ({
        seed,
        status: 'fault' as const,
        reason: isDiptychError(error) ? `${error.code}: ${error.message}` : String((error as Error).stack),
      })),
    );
  }
  const counts = Map.groupBy(results.values(), ({ status }) => status);
  for (const { seed, status, reason } of results.values())
    if (!['same', 'as-optimised', 'as-reference', 'refused', 'special'].includes(status))
      console.log(backend, seed, status, reason ?? 'crashed');
  const reasons = Map.groupBy(counts.get('refused') ?? [], ({ reason }) => (reason ?? '').split('; implemented are ')[0]!);
  for (const [reason, of] of [...reasons].toSorted((a, b) => b[1].length - a[1].length))
    console.log(of.length, reason, `(${of[0]!.seed})`);
  console.log(backend, Object.fromEntries([...counts].map(([status, of]) => [status, of.length])));
  await runtime[Symbol.asyncDispose]();
}
