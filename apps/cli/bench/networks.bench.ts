/**
 * Whole networks on the CPU: the native backend against onnxruntime-node on the same ONNX file, in one process, round by
 * round in turn, equality first. Medians, spread, and the median of the ratios of neighbouring rounds.
 *
 *   node apps/cli/bench/networks.bench.ts [--networks ResNet-50,ViT-B/32] [--batches 1,8] [--threads 2,1] [--side 224] [--rounds 9]
 *   node apps/cli/bench/networks.bench.ts --cold [--rounds 5]      each alone: from the file to the first score
 *   node apps/cli/bench/networks.bench.ts --memory [--rounds 3]    each alone: peak memory and speed by batch and side
 *   node apps/cli/bench/networks.bench.ts --forms operator,qdq,dynamic --python PYTHON [--folder FOLDER]
 *   node apps/cli/bench/networks.bench.ts --crates rten,tract-onnx       these crates, too, built by cargo
 *
 * `--precision bf16` runs ours in bfloat16, or what the check of it chooses for a network; with `--unchecked` in any case.
 *
 * `--forms` measures the networks quantised by `quantise-networks.py`, which PYTHON runs with onnx, onnxruntime and numpy;
 * FOLDER keeps the files for the next time. `float` is a form, too.
 */

import { cpus } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { Precision } from '@diptych/plugin-kit';
import { coldTable, memoryTable } from './alone.ts';
import { openCrate, titleOf } from './crate-rivals.ts';
import { type Contender, openDiptych, openOnnxruntimeNetwork } from './network-rivals.ts';
import { makeImages, networks } from './networks.ts';
import { cosine, median, sorted } from './numbers.ts';
import { quantised } from './quantised-networks.ts';

const { values } = parseArgs({
  allowPositionals: true,
  options: {
    networks: { type: 'string', default: 'ResNet-50,ViT-B/32,MobileNetV2' },
    batches: { type: 'string', default: '1,8' },
    threads: { type: 'string', default: '2,1' },
    side: { type: 'string', default: '224' },
    rounds: { type: 'string' },
    cold: { type: 'boolean', default: false },
    memory: { type: 'boolean', default: false },
    forms: { type: 'string', default: 'float' },
    precision: { type: 'string', default: 'f32' },
    unchecked: { type: 'boolean', default: false },
    python: { type: 'string', default: 'python3' },
    folder: { type: 'string', default: '' },
    crates: { type: 'string', default: '' },
  },
});
const list = (text: string): string[] => text.split(',').filter((part) => part !== '');
const side = Number(values.side);
const rounds = Number(values.rounds ?? (values.cold ? 5 : values.memory ? 3 : 9));

function fileOf(name: string, form: string): Uint8Array {
  if (form === 'float') return networks[name]!.make(side);
  return quantised(name, form, side, values.python, values.folder);
}

/** Ours, onnxruntime-node, and the crates asked for. */
async function openAll(file: Uint8Array, batch: number, threads: number): Promise<[Contender, Contender, ...Contender[]]> {
  const precision = values.precision as Precision;
  const ours = await openDiptych(file, batch, threads, { precision, checkHalf: !values.unchecked });
  const theirs = await openOnnxruntimeNetwork(file, batch, threads);
  const crates: Contender[] = [];
  for (const crate of list(values.crates)) crates.push(await openCrate(crate, file, batch, threads, side));
  return [ours, theirs, ...crates];
}

/**
 * Milliseconds: of CPU time on one thread, so that a busy machine disturbs less; else of wall time, since onnxruntime's
 * threads spin. The pause lets them stop.
 */
async function time(contender: Contender, input: Float32Array, threads: number): Promise<number> {
  await pause(60);
  if (contender.time !== undefined) return await contender.time(input);
  const [start, cpu] = [performance.now(), process.cpuUsage()];
  await contender.run(input);
  if (threads > 1) return performance.now() - start;
  const { user, system } = process.cpuUsage(cpu);
  return (user + system) / 1000;
}

/** As far as two orders of float32 sums are apart, or as half precision may be. */
const limit = values.precision === 'f32' ? 1e-5 : 1e-3;

/**
 * 1 − cosine of our scores to onnxruntime's, or to a crate's. Rounding to 8 bits amplifies what two orders of a sum differ by, and
 * onnxruntime exchanges float and integer arithmetic when it optimises a quantised file, and computes some ops by tables. So
 * there our scores need be only as near to those of the file as written as 0.001, or twice as far as onnxruntime's own.
 */
async function checkEquality(name: string, form: string, ours: Float32Array, theirs: Float32Array, asWritten: () => Promise<Float32Array>): Promise<number> {
  const apart = 1 - cosine(ours, theirs);
  if (apart <= limit) return apart;
  if (form === 'float') throw new Error(`Expected equal scores of ${name}, they are 1 − ${apart} apart.`);
  const written = await asWritten();
  const [we, they] = [1 - cosine(ours, written), 1 - cosine(theirs, written)];
  if (!(we <= Math.max(1e-3, 2 * they)))
    throw new Error(`Expected scores of ${name} (${form}) near those of the file as written; 1 − cosine is ${we}, onnxruntime's own ${they}.`);
  return Math.min(we, apart);
} // biome-ignore format: signature

const spread = (values: readonly number[], digits: number): string =>
  `${median(values).toFixed(digits)} (${values[0]!.toFixed(digits)}–${values.at(-1)!.toFixed(digits)})`;

/** Rounds of all in turn, of which the first warms up: milliseconds by round, then by contender. */
async function timeRounds(contenders: readonly Contender[], input: Float32Array, threads: number): Promise<number[][]> {
  const times: number[][] = [];
  for (let round = -1; round < rounds; round++) {
    const turn: number[] = [];
    for (const contender of contenders) turn.push(await time(contender, input, threads));
    if (round >= 0) times.push(turn);
  }
  return times;
}

async function compare(name: string, form: string, batch: number, threads: number): Promise<void> {
  const file = fileOf(name, form);
  const input = makeImages(batch, side);
  const contenders = await openAll(file, batch, threads);
  const [ours, ...rivals] = contenders;
  const asWritten = async (): Promise<Float32Array> => {
    await using contender = await openOnnxruntimeNetwork(file, batch, threads, 'disabled');
    return await contender.run(input);
  };
  const scores = await ours.run(input);
  const apart: number[] = [];
  for (const rival of rivals) apart.push(await checkEquality(name, form, scores, await rival.run(input), asWritten));
  const times = await timeRounds(contenders, input, threads);
  const speed = (which: number): string => spread(sorted(times.map((turn) => (1000 * batch) / turn[which]!)), 1);
  const cells = rivals.flatMap((_, index) => [
    speed(index + 1),
    spread(sorted(times.map((turn) => turn[index + 1]! / turn[0]!)), 2),
    apart[index]!.toExponential(1),
  ]);
  const title = form === 'float' ? name : `${name} ${form}`;
  console.log(`| ${[`${title} ${side}`, batch, threads, ours.computedIn, speed(0), ...cells].join(' | ')} |`);
  for (const contender of contenders) await contender[Symbol.asyncDispose]();
}

function head(): void {
  const rivals = ['onnxruntime-node', ...list(values.crates).map(titleOf)];
  const cells = ['network, side', 'batch', 'threads', 'Diptych in', 'Diptych images/s (range)'];
  for (const rival of rivals) cells.push(`${rival} images/s (range)`, 'ratio (range)', '1 − cosine');
  console.log(`| ${cells.join(' | ')} |`);
  console.log(`| ${cells.map((_, index) => (index === 0 || index === 3 ? '---' : '---:')).join(' | ')} |`);
}

console.log(
  `${cpus().length} × ${cpus()[0]?.model}; Node ${process.version}; ${new Date().toISOString()}; ${rounds} rounds`,
);
if (values.cold) coldTable(list(values.networks), rounds);
else if (values.memory) memoryTable(list(values.networks), rounds);
else {
  head();
  for (const name of list(values.networks))
    for (const form of list(values.forms))
      for (const batch of list(values.batches))
        for (const threads of list(values.threads)) await compare(name, form, Number(batch), Number(threads));
}
