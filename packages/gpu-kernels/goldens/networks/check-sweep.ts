/**
 * Runs what `sweep.py` exported on the native backend against what onnxruntime computed, one line of JSON a file in
 * FOLDER/results.jsonl. A file that has a line there already is not run again; name models to run those anew.
 *
 *     python sweep.py FOLDER && node check-sweep.ts FOLDER [NAME…] && node write-architectures-table.ts FOLDER
 */
import { appendFileSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type BackendName, isDiptychError } from '@diptych/plugin-kit';
import { openRuntime } from '../../src/index.ts';
import { cosine } from '../../src/onnx/golden-networks.ts';
import { costOf } from '../../src/onnx/inspect-onnx.ts';
import { planOnnx } from '../../src/onnx/plan-onnx.ts';

interface Exported {
  readonly size: number;
  readonly outputs: readonly number[];
  readonly error?: string;
}

const floats = (path: string): Float32Array => new Float32Array(Uint8Array.from(readFileSync(path)).buffer);

/** What a run of one file found; `problem` where it was refused. */
async function check(stem: string, { size, outputs }: Exported): Promise<object> {
  const bytes = readFileSync(join(folder, `${stem}.onnx`));
  const options = { batch: 2, shapes: { x: [3, size, size] } };
  const before = process.cpuUsage();
  let cost: ReturnType<typeof costOf>;
  let ops: string[];
  try {
    const { planned } = await planOnnx(bytes, options);
    cost = costOf(planned.plan);
    ops = planned.plan.steps.map(({ op }) => op);
  } catch (error) {
    if (!isDiptychError(error)) throw error;
    return { problem: error.message };
  }
  const used = process.cpuUsage(before);
  const importSeconds = Math.round((used.user + used.system) / 1e4) / 100;
  await using model = await runtime.loadOnnx(bytes, options);
  const images = floats(join(folder, `${stem}.images.f32`));
  const expected = floats(join(folder, `${stem}.outputs.f32`));
  const run = async (data: Float32Array): Promise<Float32Array> =>
    Object.values(await model.run({ x: { shape: [data.length / (3 * size * size), 3, size, size], data } }))[0]!.data;
  const actual = await run(images);
  if (actual.length !== expected.length)
    return { problem: `${actual.length} outputs, expected ${outputs.join(' × ')}`, importSeconds };
  const half = actual.length / 2;
  const alone = await run(images.subarray(images.length / 2));
  const largestOf = (numbers: Float32Array): number => numbers.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
  const counts = Object.entries(Object.groupBy(ops, (op) => op)).map(([op, all]) => [op, all!.length]);
  return {
    steps: ops.length,
    stepOps: Object.fromEntries(counts),
    megabytes: Math.round((cost.activationBytes / 2 ** 20) * 10) / 10,
    gmac: cost.flopsPerItem / 2e9,
    importSeconds,
    cosine: cosine(actual, expected),
    difference: largestOf(actual.map((value, i) => value - expected[i]!)),
    largest: largestOf(expected),
    isSameAlone: alone.every((value, i) => Object.is(value, actual[half + i])),
  };
}

const folder = process.argv[2] ?? '';
if (folder === '') throw new Error('Name the folder that sweep.py wrote.');
const backend = (process.env['SWEEP_BACKEND'] ?? 'native') as BackendName;
const wanted = process.argv.slice(3);
const results = join(folder, backend === 'native' ? 'results.jsonl' : `results-${backend}.jsonl`);
const done = new Set(
  existsSync(results)
    ? readFileSync(results, 'utf8').trim().split('\n').map((line) => (JSON.parse(line) as { stem: string }).stem) // biome-ignore format: one list
    : [],
);
const stems = readdirSync(folder)
  .filter((file) => file.endsWith('.json'))
  .map((file) => basename(file, '.json'))
  .filter((stem) =>
    wanted.length > 0 ? wanted.some((name) => stem === name || stem.startsWith(`${name}.`)) : !done.has(stem),
  );
const runtime = await openRuntime({ prefer: backend });
for (const stem of stems) {
  const exported = JSON.parse(readFileSync(join(folder, `${stem}.json`), 'utf8')) as Exported;
  if (exported.error !== undefined) continue;
  const found = await check(stem, exported).catch((error: unknown) => ({ problem: `${String(error)}` }));
  const line = JSON.stringify({ stem, on: new Date().toISOString().slice(0, 10), ...found });
  appendFileSync(results, `${line}\n`);
  process.stdout.write(`${line}\n`);
}
await runtime[Symbol.asyncDispose]();
