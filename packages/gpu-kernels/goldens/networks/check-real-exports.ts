/**
 * Runs what `real_exports.py` wrote into FOLDER on the native backend (or on GUARD_BACKEND) against what onnxruntime computed, and fails
 * where a file is refused, differs, or has an item whose outputs depend on its batch. Without names it also writes
 * `real-exports.gen.json`, from which `npm run generate` writes the tables of docs/onnx-networks.md.
 *
 *     python real_exports.py FOLDER && node check-real-exports.ts FOLDER [NAME…]
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { BackendName, OnnxOptions, Runtime, Tensor } from '@diptych/plugin-kit';
import { openRuntime } from '../../src/index.ts';
import { opKey } from '../../src/onnx/onnx-model.ts';
import { planOnnx } from '../../src/onnx/plan-onnx.ts';
import { readOnnxModel } from '../../src/onnx/read/read-onnx-model.ts';
import { type Answers, runOn, tensorsOf } from '../recorded.ts';

interface Recorded {
  readonly inputs: Answers;
  readonly outputs: Answers;
  /** Why torch or onnxruntime did not take the network: no fault of ours, and listed. */
  readonly error?: string;
}

interface Checked {
  readonly name: string;
  readonly ops: readonly string[];
  readonly parameters: number;
  readonly steps: number;
  /** Of any output, beside the largest number of that output. */
  readonly apart: number;
}

/** float32 sums in another order move these networks by 1e-6 to 1e-5 of the largest output; what is computed otherwise, by far more. */
const tolerance = 1e-4;

const largestOf = ({ data }: Tensor): number => data.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
function apart(actual: Tensor | undefined, expected: Tensor): number {
  if (actual?.data.length !== expected.data.length) return Number.POSITIVE_INFINITY;
  const differences = expected.data.map((value, i) => Math.abs(value - actual.data[i]!));
  return differences.reduce((most, value) => (Number.isNaN(value) ? Number.NaN : Math.max(most, value)), 0) / largestOf(expected); // biome-ignore format: one expression
}

async function check(runtime: Runtime, folder: string, name: string, recorded: Recorded): Promise<Checked> {
  const bytes = readFileSync(join(folder, `${name}.onnx`));
  const [inputs, expected] = [tensorsOf(recorded.inputs), tensorsOf(recorded.outputs)];
  const shapes = Object.fromEntries(Object.entries(inputs).map(([input, { shape }]) => [input, shape.slice(1)]));
  const options: OnnxOptions = { batch: 2, shapes };
  const { planned } = await planOnnx(bytes, options);
  const { together, isSame } = await runOn(runtime, bytes, options, inputs);
  if (!isSame) throw new Error('an item has other outputs alone than in a batch');
  const most = Math.max(...Object.entries(expected).map(([output, tensor]) => apart(together[output], tensor)));
  if (!(most <= tolerance)) throw new Error(`outputs are ${most} of the largest apart, expected at most ${tolerance}`);
  return {
    name,
    ops: [...new Set(readOnnxModel(bytes).nodes.map(opKey))].toSorted(),
    parameters: Object.values(planned.weights).reduce((sum, { data }) => sum + data.length, 0),
    steps: planned.plan.steps.length,
    apart: Number(most.toPrecision(2)),
  };
}

/** One a line, so that a change of one network is a change of one line. */
const lines = (records: readonly object[]): string => records.map((record) => JSON.stringify(record)).join(',\n');

const [folder = '', ...wanted] = process.argv.slice(2);
if (folder === '') throw new Error('Name the folder that real_exports.py wrote.');
const names = readdirSync(folder).filter((file) => file.endsWith('.json')).map((file) => basename(file, '.json')); // biome-ignore format: one expression
await using runtime = await openRuntime({ prefer: (process.env['GUARD_BACKEND'] ?? 'native') as BackendName });
const [found, absent]: [Checked[], { name: string; reason: string }[]] = [[], []];
let faults = 0;
for (const name of names.toSorted()) {
  if (wanted.length > 0 && !wanted.some((part) => name === part || name.startsWith(`${part}.`))) continue;
  const recorded = JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8')) as Recorded;
  if (recorded.error !== undefined) {
    absent.push({ name, reason: recorded.error });
    continue;
  }
  try {
    found.push(await check(runtime, folder, name, recorded));
  } catch (error) {
    faults += 1;
    process.stdout.write(`${name}: ${error instanceof Error ? error.message : String(error)}\n`);
  }
}
const ops = [...new Set(found.flatMap((each) => each.ops))].toSorted();
process.stdout.write(`${found.length} equal onnxruntime, ${faults} do not, ${absent.length} were not exported; ${ops.length} ops: ${ops.join(' ')}\n`); // biome-ignore format: one line
if (wanted.length === 0 && faults === 0)
  writeFileSync(
    new URL('real-exports.gen.json', import.meta.url),
    `{"found": [\n${lines(found)}\n], "absent": [\n${lines(absent)}\n]}\n`,
  );
process.exitCode = faults === 0 ? 0 : 1;
