/**
 * Whole networks on the CPU: the native backend against onnxruntime-node on the same ONNX file, in one process, round by
 * round in turn, equality first. Medians, spread, and the median of the ratios of neighbouring rounds.
 *
 *   node apps/cli/bench/networks.bench.ts [--networks ResNet-50,ViT-B/32] [--batches 1,8] [--threads 2,1] [--side 224] [--rounds 9] [--cold]
 */
import { execFileSync } from 'node:child_process';
import { cpus } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type Contender, openDiptych, openOnnxruntimeNetwork } from './network-rivals.ts';
import { networks } from './networks.ts';

const { values } = parseArgs({
  allowPositionals: true,
  options: {
    networks: { type: 'string', default: 'ResNet-50,ViT-B/32,MobileNetV2' },
    batches: { type: 'string', default: '1,8' },
    threads: { type: 'string', default: '2,1' },
    side: { type: 'string', default: '224' },
    rounds: { type: 'string', default: '9' },
    cold: { type: 'boolean', default: false },
    /** Internal: one contender in a process of its own. */
    alone: { type: 'string' },
  },
});
const side = Number(values.side);
const rounds = Number(values.rounds);

function makeInput(batch: number): Float32Array {
  let state = 7;
  return Float32Array.from({ length: batch * 3 * side * side }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state / 2 ** 32 - 0.5) * 4;
  });
}

const open = (which: string, file: Uint8Array, batch: number, threads: number): Promise<Contender> =>
  which === 'ours' ? openDiptych(file, batch, threads) : openOnnxruntimeNetwork(file, batch, threads);

const cosine = (a: Float32Array, b: Float32Array): number => {
  let [ab, aa, bb] = [0, 0, 0];
  a.forEach((x, at) => {
    ab += x * b[at]!;
    aa += x * x;
    bb += b[at]! ** 2;
  });
  return ab / Math.sqrt(aa * bb);
};

const sorted = (numbers: readonly number[]): number[] => numbers.toSorted((a, b) => a - b);
const median = (numbers: readonly number[]): number => sorted(numbers)[Math.floor(numbers.length / 2)]!;

/**
 * Milliseconds: of CPU time on one thread, so that a busy machine disturbs less; else of wall time, since onnxruntime's
 * threads spin. The pause lets them stop.
 */
async function time(contender: Contender, input: Float32Array, threads: number): Promise<number> {
  await pause(60);
  const [start, cpu] = [performance.now(), process.cpuUsage()];
  await contender.run(input);
  if (threads > 1) return performance.now() - start;
  const { user, system } = process.cpuUsage(cpu);
  return (user + system) / 1000;
}

async function compare(name: string, batch: number, threads: number): Promise<void> {
  const file = networks[name]!.make(side);
  const input = makeInput(batch);
  const [ours, theirs] = [await open('ours', file, batch, threads), await open('theirs', file, batch, threads)];
  const [a, b] = [await ours.run(input), await theirs.run(input)];
  const agreement = cosine(a, b);
  if (!(agreement >= 0.99999)) throw new Error(`Expected equal scores of ${name}, their cosine is ${agreement}.`);
  const times: [number, number][] = [];
  for (let round = -1; round < rounds; round++) {
    const pair: [number, number] = [await time(ours, input, threads), await time(theirs, input, threads)];
    if (round >= 0) times.push(pair); // the first warms up
  }
  const speeds = [0, 1].map((which) => sorted(times.map((pair) => (1000 * batch) / pair[which]!)));
  const [fast, slow] = speeds.map(
    (speed) => `${median(speed).toFixed(1)} (${speed[0]!.toFixed(1)}–${speed.at(-1)!.toFixed(1)})`,
  );
  const ratios = sorted(times.map(([first, second]) => second / first));
  console.log(
    `| ${name} ${side} | ${batch} | ${threads} | ${fast} | ${slow} | ${median(ratios).toFixed(2)} (${ratios[0]!.toFixed(2)}–${ratios.at(-1)!.toFixed(2)}) | ${(1 - agreement).toExponential(1)} |`,
  );
  await ours.close();
  await theirs.close();
}

/** Start of the process to the first score, and the most memory it held. */
async function alone(which: string): Promise<void> {
  const name = values.networks;
  const file = networks[name]!.make(side);
  const input = makeInput(1);
  const before = performance.now();
  const memory = process.memoryUsage.rss();
  const contender = await open(which, file, 1, Number(values.threads));
  await contender.run(input);
  const ms = performance.now() - before;
  const peak = process.resourceUsage().maxRSS / 1024;
  console.log(JSON.stringify({ ms, grown: peak - memory / 2 ** 20, file: file.length / 2 ** 20 }));
}

function cold(name: string): void {
  for (const which of ['ours', 'theirs']) {
    const runs = Array.from({ length: 5 }, () => {
      const args = [
        fileURLToPath(import.meta.url),
        '--alone',
        which,
        '--networks',
        name,
        '--threads',
        '2',
        '--side',
        values.side,
      ];
      return JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' })) as Record<
        'ms' | 'grown' | 'file',
        number
      >;
    });
    console.log(
      `| ${name} | ${which === 'ours' ? 'Diptych' : 'onnxruntime-node'} | ${median(runs.map(({ ms }) => ms)).toFixed(0)} | ${median(runs.map(({ grown }) => grown)).toFixed(0)} | ${runs[0]!.file.toFixed(0)} |`,
    );
  }
}

const list = (text: string): string[] => text.split(',');
if (values.alone !== undefined) await alone(values.alone);
else {
  console.log(
    `${cpus().length} × ${cpus()[0]?.model}; Node ${process.version}; ${new Date().toISOString()}; ${rounds} rounds`,
  );
  console.log(
    '| network, side | batch | threads | Diptych images/s (range) | onnxruntime-node images/s (range) | ratio (range) | 1 − cosine |\n| --- | ---: | ---: | ---: | ---: | ---: | ---: |',
  );
  for (const name of list(values.networks))
    for (const batch of list(values.batches))
      for (const threads of list(values.threads)) await compare(name, Number(batch), Number(threads));
  if (values.cold) {
    console.log('\n| network | | first score, ms | memory grown, MiB | file, MiB |\n| --- | --- | ---: | ---: | ---: |');
    for (const name of list(values.networks)) cold(name);
  }
}
