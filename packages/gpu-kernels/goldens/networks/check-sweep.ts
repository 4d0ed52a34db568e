/**
 * Runs what `sweep.py` exported against what onnxruntime computed, one line of JSON a file in FOLDER/results.jsonl. On the
 * native backend, or on SWEEP_BACKEND in SWEEP_PRECISION, whose lines stand in a file of that name (`results-webgpu-f16.jsonl`).
 * A file that has a line there already is not run again; name models to run those anew.
 *
 *     python sweep.py FOLDER && node check-sweep.ts FOLDER [NAME…] && node write-architectures-table.ts FOLDER
 */
import { appendFileSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { basename, join } from 'node:path';
import {
  type BackendName,
  isDiptychError,
  type Model,
  type OnnxOptions,
  type Precision,
  type Tensor,
} from '@diptych/plugin-kit';
import { halfLimits } from '../../src/half/half-loss.ts';
import { scoresApart } from '../../src/half/half-scores.ts';
import { openRuntime } from '../../src/index.ts';
import { cosine } from '../../src/onnx/golden-networks.ts';
import { costOf } from '../../src/onnx/inspect-onnx.ts';
import { planOnnx } from '../../src/onnx/plan-onnx.ts';
import { firstBeyond, largestHalf } from './largest-values.ts';

interface Exported {
  readonly size: number;
  readonly outputs: readonly number[];
  readonly error?: string;
}

const floats = (path: string): Float32Array => new Float32Array(Uint8Array.from(readFileSync(path)).buffer);
const largestOf = (numbers: Float32Array): number => numbers.reduce((most, x) => Math.max(most, Math.abs(x)), 0);

/** What `work` gives, and the seconds of all cores that it took. */
async function timed<T>(work: () => Promise<T>): Promise<[T, number]> {
  const before = process.cpuUsage();
  const result = await work();
  const used = process.cpuUsage(before);
  return [result, Math.round((used.user + used.system) / 1e4) / 100];
}

/** What the plan of a file is, and how long it took. */
async function planOf(bytes: Uint8Array, options: OnnxOptions): Promise<object> {
  const [{ planned }, importSeconds] = await timed(() => planOnnx(bytes, options, backend === 'native'));
  const { steps } = planned.plan;
  const { activationBytes, flopsPerItem } = costOf(planned.plan);
  return {
    steps: steps.length,
    stepOps: Object.fromEntries(Object.entries(Object.groupBy(steps, ({ op }) => op)).map(([op, all]) => [op, all!.length])), // biome-ignore format: one list
    megabytes: Math.round((activationBytes / 2 ** 20) * 10) / 10,
    gmac: flopsPerItem / 2e9,
    importSeconds,
  };
}

interface Outputs {
  readonly cosine: number;
  readonly difference: number;
  readonly largest: number;
  /** How far scores are apart: outputs that are none are seen through the logistic function. */
  readonly scores: number;
  readonly isSameAlone: boolean;
  readonly runSeconds: number;
}

const imagesOf = (stem: string): Float32Array => floats(join(folder, `${stem}.images.f32`));
const inputsOf = (data: Float32Array, size: number): { x: Tensor } => ({
  x: { shape: [data.length / (3 * size * size), 3, size, size], data },
});

const optionsOf = ({ size }: Exported): OnnxOptions => ({ batch: 2, shapes: { x: [3, size, size] } });

/** Runs both images in a batch and the second one alone. */
async function outputsOf(model: Model, stem: string, { size, outputs }: Exported): Promise<Outputs> {
  const images = imagesOf(stem);
  const expected = floats(join(folder, `${stem}.outputs.f32`));
  const run = async (data: Float32Array): Promise<Float32Array> =>
    Object.values(await model.run(inputsOf(data, size)))[0]!.data;
  const [actual, runSeconds] = await timed(() => run(images));
  if (actual.length !== expected.length) throw new Error(`${actual.length} outputs, expected ${outputs.join(' × ')}`);
  const half = actual.length / 2;
  const alone = await run(images.subarray(images.length / 2));
  return {
    runSeconds,
    cosine: cosine(actual, expected),
    difference: largestOf(actual.map((value, i) => value - expected[i]!)),
    largest: largestOf(expected),
    scores: scoresApart(actual, expected),
    isSameAlone: alone.every((value, i) => Object.is(value, actual[half + i])),
  };
}

/** Half precision that loses more than this with two images may lose more than allowed with others: where the check on loading looks again too. */
const nearLimit = halfLimits.score / 2;

/** What the network is computed in where loading checks half precision, as it does unless told not to. */
async function checkedOn(bytes: Uint8Array, stem: string, exported: Exported, found: Outputs): Promise<object> {
  await using checking = await openRuntime({ prefer: backend, precision });
  await using model = await checking.loadOnnx(bytes, optionsOf(exported));
  const beyond = checking.info.beyondHalf?.[0];
  if (beyond === undefined) return { computedIn: precision, ...found };
  const { computedIn = 'f32', reason } = beyond;
  return { computedIn, reason, ...(await outputsOf(model, stem, exported)) };
}

/** What a run of one file found. What half precision loses is seen without the check on loading; a file that loses much is loaded with it as well. */
async function check(stem: string, exported: Exported): Promise<object> {
  const bytes = readFileSync(join(folder, `${stem}.onnx`));
  const options = optionsOf(exported);
  const plan = await planOf(bytes, options);
  const [loaded, loadSeconds] = await timed(() => runtime.loadOnnx(bytes, options));
  const found = await (async () => {
    await using model = loaded;
    return await outputsOf(model, stem, exported);
  })();
  // Written so that NaN is a loss too.
  if (precision === 'f32' || (found.cosine >= halfLimits.cosine && found.scores <= nearLimit)) return { ...plan, loadSeconds, ...found }; // biome-ignore format: one condition
  const beyond = Number.isNaN(found.cosine) ? await firstBeyond(bytes, options, inputsOf(imagesOf(stem), exported.size), largestHalf) : undefined; // biome-ignore format: one choice
  return { ...plan, loadSeconds, ...found, beyond, checked: await checkedOn(bytes, stem, exported, found) };
}

const folder = process.argv[2] ?? '';
if (folder === '') throw new Error('Name the folder that sweep.py wrote.');
const backend = (process.env['SWEEP_BACKEND'] ?? 'native') as BackendName;
const precision = (process.env['SWEEP_PRECISION'] ?? 'f32') as Precision;
const wanted = process.argv.slice(3);
const mode = [...(backend === 'native' ? [] : [backend]), ...(precision === 'f32' ? [] : [precision])];
const results = join(folder, `${['results', ...mode].join('-')}.jsonl`);
const done = new Set(
  existsSync(results)
    ? readFileSync(results, 'utf8').split('\n').filter((line) => line !== '').map((line) => (JSON.parse(line) as { stem: string }).stem) // biome-ignore format: one list
    : [],
);
const stems = readdirSync(folder)
  .filter((file) => file.endsWith('.json'))
  .map((file) => basename(file, '.json'))
  .filter((stem) =>
    wanted.length > 0 ? wanted.some((name) => stem === name || stem.startsWith(`${name}.`)) : !done.has(stem),
  );
const runtime = await openRuntime({ prefer: backend, precision, checkHalf: false });
for (const stem of stems) {
  const exported = JSON.parse(readFileSync(join(folder, `${stem}.json`), 'utf8')) as Exported;
  if (exported.error !== undefined) continue;
  const found = await check(stem, exported).catch((error: unknown) => ({
    problem: isDiptychError(error) ? error.message : `${String(error)}`,
  }));
  const on = {
    on: `${new Date().toISOString().slice(0, 13).replace('T', ' ')}h`,
    processor: cpus()[0]?.model,
    adapter: runtime.info.adapter,
  };
  const line = JSON.stringify({ stem, ...on, ...found });
  appendFileSync(results, `${line}\n`);
  process.stdout.write(`${line}\n`);
}
await runtime[Symbol.asyncDispose]();
