/**
 * Runs what `published.py` took out of packages on both backends, against what onnxruntime computed, and writes docs/onnx-published.md.
 * Rows of networks that are not named stay.
 *
 *     python published.py FOLDER && node check-published.ts FOLDER [NAME…]
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { basename, join } from 'node:path';
import { type ImageRecipe, isDiptychError, type OnnxOptions, type Tensors } from '@diptych/plugin-kit';
import { scoresApart } from '../../src/half/half-scores.ts';
import { openRuntime } from '../../src/index.ts';
import { planOnnx } from '../../src/onnx/plan-onnx.ts';
import { type Answers, type Run, runOn, tensorsOf } from '../recorded.ts';

interface Recorded {
  readonly package: string;
  readonly items: 'graph' | 'batch';
  /** As a card would have it; not of pictures in grey. */
  readonly recipe?: ImageRecipe;
  readonly inputs: Answers;
  /** Of onnxruntime, with all its optimisations and without any. */
  readonly outputs: Answers;
  readonly plain: Answers;
}

interface Apart {
  /** Of any output, relative to the largest number of that output. */
  readonly relative: number;
  /** Outputs that are no scores are seen through the logistic function. */
  readonly scores: number;
}

function apart(actual: Tensors, expected: Tensors): Apart {
  const each = Object.entries(expected).map(([name, { data }]): Apart => {
    const own = actual[name]!.data;
    if (own.length !== data.length) throw new Error(`${name} has ${own.length} numbers, expected ${data.length}`);
    const largest = data.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
    const difference = data.reduce((most, x, i) => (Number.isNaN(own[i]!) ? Number.NaN : Math.max(most, Math.abs(x - own[i]!))), 0); // biome-ignore format: one expression
    return { relative: difference / largest, scores: scoresApart(own, data) };
  });
  return {
    relative: Math.max(...each.map(({ relative }) => relative)),
    scores: Math.max(...each.map(({ scores }) => scores)),
  };
}

const short = (value: number): string => value.toExponential(1);
const cell = ({ together, isSame }: Run, expected: Tensors): string =>
  `${short(apart(together, expected).relative)}${isSame ? '' : ', depends on its batch'}`;

type Half = Parameters<typeof openRuntime>[0] & { readonly precision: 'f16' | 'bf16' };

/** What half precision alone loses, and what a network is computed in with the check on loading, as users have it. */
async function halfCell(of: Half, bytes: Uint8Array, options: OnnxOptions, recipe: ImageRecipe | undefined, inputs: Tensors, expected: Tensors): Promise<string> {
  try {
    await using unchecked = await openRuntime({ ...of, checkHalf: false });
    const found = await runOn(unchecked, bytes, options, inputs);
    await using checked = await openRuntime(of);
    // With a recipe, as with a card, it looks at pictures, else at numbers that the network may never be given.
    await using _model = await checked.loadOnnx(bytes, recipe ? { ...options, shapes: {}, recipe } : options);
    const beyond = checked.info.beyondHalf?.[0];
    const kept = beyond === undefined ? 'kept' : `${beyond.computedIn ?? 'float32'} instead`;
    const { relative, scores } = apart(found.together, expected);
    const batch = found.isSame ? '' : ', depends on its batch';
    return `${short(relative)}, scores ${short(scores)}${batch}: ${kept}`;
  } catch (error) {
    if (isDiptychError(error) && error.code === 'BACKEND_UNAVAILABLE') return 'not on this processor';
    throw error;
  }
} // biome-ignore format: signature

async function row(name: string): Promise<string> {
  const recorded = JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8')) as Recorded;
  const bytes = readFileSync(join(folder, `${name}.onnx`));
  const inputs = tensorsOf(recorded.inputs);
  const shapes = Object.fromEntries(Object.entries(inputs).map(([input, { shape }]) => [input, shape.slice(1)]));
  const options: OnnxOptions = { batch: 2, shapes, ...(recorded.items === 'graph' && { items: 'graph' as const }) };
  const { planned } = await planOnnx(bytes, options);
  const parameters = Object.values(planned.weights).reduce((sum, { data }) => sum + data.length, 0);
  const expected = tensorsOf(recorded.outputs);
  const cells = [
    name,
    recorded.package.replace('==', ' '),
    (parameters / 1e6).toFixed(2),
    String(planned.plan.steps.length),
    short(apart(tensorsOf(recorded.plain), expected).relative),
    cell(await runOn(native, bytes, options, inputs), expected),
    cell(await runOn(webgpu, bytes, options, inputs), expected),
    await halfCell({ prefer: 'native', precision: 'bf16' }, bytes, options, recorded.recipe, inputs, expected),
    await halfCell({ prefer: 'webgpu', precision: 'f16' }, bytes, options, recorded.recipe, inputs, expected),
    `${new Date().toISOString().slice(0, 10)}, ${cpus()[0]?.model}`,
  ];
  return `| ${cells.join(' | ')} |`;
}

const folder = process.argv[2] ?? '';
if (folder === '') throw new Error('Name the folder that published.py wrote.');
await using native = await openRuntime({ prefer: 'native' });
await using webgpu = await openRuntime({ prefer: 'webgpu' });
const page = new URL('../../../../docs/onnx-published.md', import.meta.url);
const [head = '', table = ''] = readFileSync(page, 'utf8').split(/(?<=\n\| --- .*\n)/);
const rows = new Map(table.split('\n').filter((line) => line !== '').map((line) => [line.slice(2).split(' | ')[0]!, line])); // biome-ignore format: one expression
const files = readdirSync(folder).filter((file) => file.endsWith('.json')).map((file) => basename(file, '.json')); // biome-ignore format: one expression
const wanted = process.argv.slice(3);
for (const name of files.filter((file) => wanted.length === 0 || wanted.includes(file))) {
  rows.set(name, await row(name));
  process.stdout.write(`${rows.get(name)}\n`);
  const lines = [...rows].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, line]) => line);
  writeFileSync(page, `${head}${lines.join('\n')}\n`);
}
