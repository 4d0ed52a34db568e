/**
 * Whole networks on the CPU: the native backend against onnxruntime-node on the same ONNX file, in one process, round by
 * round in turn, equality first. Medians, spread, and the median of the ratios of neighbouring rounds.
 *
 *   node apps/cli/bench/networks.bench.ts [--networks ResNet-50,ViT-B/32] [--batches 1,8] [--threads 2,1] [--side 224] [--rounds 9]
 *   node apps/cli/bench/networks.bench.ts --cold [--rounds 5]      each alone: from the file to the first score
 *   node apps/cli/bench/networks.bench.ts --memory [--rounds 3]    each alone: peak memory and speed by batch and side
 */
import { cpus } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { coldTable, memoryTable } from './alone.ts';
import { type Contender, openDiptych, openOnnxruntimeNetwork } from './network-rivals.ts';
import { networks } from './networks.ts';
import { cosine, median, sorted } from './numbers.ts';

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
  },
});
const side = Number(values.side);
const rounds = Number(values.rounds ?? (values.cold ? 5 : values.memory ? 3 : 9));

function makeInput(batch: number): Float32Array {
  let state = 7;
  return Float32Array.from({ length: batch * 3 * side * side }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state / 2 ** 32 - 0.5) * 4;
  });
}

const open = (which: string, file: Uint8Array, batch: number, threads: number): Promise<Contender> =>
  which === 'ours' ? openDiptych(file, batch, threads) : openOnnxruntimeNetwork(file, batch, threads);

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

const list = (text: string): string[] => text.split(',');
console.log(
  `${cpus().length} × ${cpus()[0]?.model}; Node ${process.version}; ${new Date().toISOString()}; ${rounds} rounds`,
);
if (values.cold) coldTable(list(values.networks), rounds);
else if (values.memory) memoryTable(list(values.networks), rounds);
else {
  console.log(
    '| network, side | batch | threads | Diptych images/s (range) | onnxruntime-node images/s (range) | ratio (range) | 1 − cosine |\n| --- | ---: | ---: | ---: | ---: | ---: | ---: |',
  );
  for (const name of list(values.networks))
    for (const batch of list(values.batches))
      for (const threads of list(values.threads)) await compare(name, Number(batch), Number(threads));
}
