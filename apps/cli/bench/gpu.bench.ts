/**
 * Half precision on the GPU: products and whole networks through WebGPU, against PyTorch float16 eager and onnxruntime-node
 * `webgpu` on the same card. Equality first: first scores are compared with those of the native backend in float32, then
 * speeds are medians. A rival that is not there is skipped with its reason.
 *
 *   node apps/cli/bench/gpu.bench.ts [--small] [--python python3] [--adapter NAME] [--rounds 20] [--only products|networks] [--network NAME] [--sizes 4096,8192] [--tiles]
 */
import { execFile } from 'node:child_process';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { type KernelTime, openRuntime } from '@diptych/gpu-kernels';
import type { ModelGraph, OnnxNetwork, Tensors } from '@diptych/plugin-kit';
import { printKernelTable } from './gpu-kernel-table.ts';
import { resnet50, vit } from './networks.ts';
import { cosine, median } from './numbers.ts';
import { loadRival, type OnnxRuntime } from './rivals.ts';

const { values } = parseArgs({
  options: {
    small: { type: 'boolean', default: false },
    python: { type: 'string', default: 'python3' },
    adapter: { type: 'string' },
    rounds: { type: 'string' },
    /** `products` or `networks`; both if absent. */
    only: { type: 'string' },
    /** Part of the names of the networks to run. */
    network: { type: 'string', default: '' },
    /** Of the products, with commas between. */
    sizes: { type: 'string' },
    /** Every tile of the product, one after another, in place of the one chosen. */
    tiles: { type: 'boolean', default: false },
  },
});
const { small } = values;
/** Without parts: a large product has tiles enough. `gpu-tune.ts` tries parts too, and writes what is fastest to the table. */
const everyTile = ['small/1', 'small/2', 'narrow/1', 'narrow/2', 'tall/1', 'tall/2', 'medium/1', 'medium/2', 'large/1', 'thin/1', 'thin/2']; // biome-ignore format: one list
const rounds = Number(values.rounds ?? (small ? 3 : 20));
const gpu = {
  prefer: 'webgpu',
  precision: 'f16',
  checkHalf: false,
  ...(values.adapter && { adapter: values.adapter }),
} as const;

/** What matrix instructions of a warp, which subgroup matrices lower to, reach of an H100's 989 TFLOP/s (arXiv 2402.13499): the bound. */
const h100Teraflops = 620;

const range = (list: readonly number[]): string =>
  `${median(list).toFixed(1)} (${Math.min(...list).toFixed(1)}–${Math.max(...list).toFixed(1)})`;

function expectEqual(name: string, ours: Float32Array, theirs: Float32Array): void {
  const agreement = cosine(ours, theirs);
  if (!(agreement >= 0.999)) throw new Error(`Expected equal scores of ${name}, their cosine is ${agreement}.`);
  console.log(`  equal: cosine ${agreement.toFixed(6)}`);
}

function numbers(count: number, scale: number): Float32Array {
  let state = 7;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state / 2 ** 32 - 0.5) * scale;
  });
}

interface TorchAnswer {
  readonly torch: string;
  readonly device: string;
  /** Of a call on numbers that lie on the card. */
  readonly seconds: number;
  /** Of one from numbers on the host to scores on the host; of networks only. */
  readonly whole?: number;
}

/** What a rival said, or why it could not; a rival that is absent is no fault of the benchmark. */
async function torch(...parameters: readonly (string | number)[]): Promise<TorchAnswer | undefined> {
  const script = fileURLToPath(new URL('torch-rival.py', import.meta.url));
  try {
    const { stdout } = await promisify(execFile)(values.python, [script, ...parameters.map(String)]);
    const answer = JSON.parse(stdout) as TorchAnswer;
    console.log(`  PyTorch ${answer.torch} on ${answer.device}`);
    return answer;
  } catch (error) {
    const last = String((error as { stderr?: string }).stderr ?? error).trim().split('\n').at(-1); // biome-ignore format: one line
    console.log(`  PyTorch skipped: ${last}`);
    return undefined;
  }
}

/** Three products of square matrices; the one in the middle reads and writes halves, as within a network. */
function productGraph(size: number): { graph: ModelGraph; weights: Tensors } {
  const layer = (name: string, input: string) => ({ name, op: 'Gemm', inputs: [input, `${name}.weight`], outputs: [name], attributes: { transB: 1 } }); // biome-ignore format: one node
  const names = ['before', 'product', 'after'];
  const weight = { shape: [size, size], data: numbers(size * size, Math.sqrt(12 / size)) };
  return {
    graph: {
      name: `product ${size}`,
      inputs: [{ name: 'x', shape: [size] }],
      nodes: [layer('before', 'x'), layer('product', 'before'), layer('after', 'product')],
      outputs: ['after'],
    },
    weights: Object.fromEntries(names.map((name) => [`${name}.weight`, weight])),
  };
}

async function productTimes(
  size: number,
  tile: string | undefined,
): Promise<{ times: readonly KernelTime[]; first: Float32Array }> {
  await using runtime = await openRuntime({ ...gpu, profile: true, ...(tile && { tile }) });
  const { graph, weights } = productGraph(size);
  await using model = await runtime.load(graph, weights, size);
  const x = { shape: [size, size], data: numbers(size * size, 2) };
  let first = new Float32Array(0);
  for (let round = -1; round < rounds; round++) first = (await model.run({ x }))['after']!.data.slice(0, 2 * size);
  return { times: runtime.times.filter(({ step }) => step === 'product').slice(1), first };
}

async function compareProducts(size: number): Promise<void> {
  console.log(`\nproduct ${size} x ${size} x ${size}`);
  await using native = await openRuntime({ prefer: 'native' });
  const { graph, weights } = productGraph(size);
  await using model = await native.load(graph, weights, 2);
  const data = numbers(size * size, 2).slice(0, 2 * size);
  const expected = (await model.run({ x: { shape: [2, size], data } }))['after']!.data;
  const answer = await torch('gemm', size, rounds);
  const theirs = answer && (2 * size ** 3) / answer.seconds / 1e12;
  for (const tile of values.tiles ? everyTile : [undefined]) {
    const measured = await productTimes(size, tile).catch((error: unknown) => {
      if (tile === undefined) throw error;
      console.log(`  ${tile}: does not run here (${String(error).split('\n')[0]!.slice(0, 160)})`);
    });
    if (measured === undefined) continue;
    const { times, first } = measured;
    expectEqual(`product ${size}`, first, expected);
    const speeds = times.map(({ flops, milliseconds }) => flops / milliseconds / 1e9);
    const share = `${((100 * median(speeds)) / h100Teraflops).toFixed(1)} % of an H100's ${h100Teraflops}`;
    console.log(
      `  ${times[0]!.kernel}${tile ? `, ${tile}` : ''}: ${range(speeds.map((speed) => speed * 1000))} GFLOP/s, ${share}`,
    );
    if (theirs !== undefined) console.log(`  PyTorch: ${(theirs * 1000).toFixed(1)} GFLOP/s; ratio ${(median(speeds) / theirs).toFixed(2)}`); // biome-ignore format: one line
  }
}

interface Network {
  readonly name: string;
  readonly side: number;
  make(): Uint8Array;
  readonly torch: readonly (string | number)[];
}
const vitOf = (name: string, side: number, patch: number, width: number, depth: number): Network => ({
  name,
  side,
  make: () => vit(side, patch, width, depth),
  torch: [patch, width, depth],
});
const resnetOf = (side: number): Network => ({ name: 'ResNet-50', side, make: () => resnet50(side), torch: [] });
const networks = small
  ? [resnetOf(32), vitOf('ViT, tiny', 64, 32, 128, 2), vitOf('ViT, tiny, many tokens', 56, 14, 128, 2)]
  : [resnetOf(224), vitOf('ViT-B/32', 224, 32, 768, 12), vitOf('ViT-L/14', 224, 14, 1024, 24)];
const batch = small ? 2 : 64;

/** Images per second with three runs under way, as a run over a folder has them, round by round. */
async function speedOf(run: () => Promise<unknown>): Promise<number[]> {
  await run();
  const speeds: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const start = performance.now();
    await Promise.all([run(), run(), run()]);
    speeds.push((3 * batch * 1000) / (performance.now() - start));
  }
  return speeds;
}

const scoresOf = async (model: OnnxNetwork, data: Float32Array): Promise<Float32Array> => {
  const [input] = model.inputs;
  const items = data.length / input!.shape.reduce((product, size) => product * size, 1);
  return Object.values(await model.run({ [input!.name]: { shape: [items, ...input!.shape], data } }))[0]!.data;
};

async function onnxruntimeSpeed(
  file: Uint8Array,
  side: number,
  data: Float32Array,
  ours: Float32Array,
): Promise<number[] | undefined> {
  try {
    const runtime = loadRival<OnnxRuntime>('onnxruntime-node');
    const session = await runtime.InferenceSession.create(file, { executionProviders: ['webgpu'] });
    const feeds = { x: new runtime.Tensor('float32', data, [batch, 3, side, side]) };
    expectEqual('onnxruntime-node', ours, Object.values(await session.run(feeds))[0]!.data);
    const speeds = await speedOf(async () => session.run(feeds));
    await session.release();
    return speeds;
  } catch (error) {
    console.log(`  onnxruntime-node webgpu skipped: ${String(error).split('\n')[0]}`);
    return undefined;
  }
}

/** Milliseconds of the kernels alone, and their arithmetic; prints which took how much. */
async function kernelTimes(file: Uint8Array, data: Float32Array): Promise<{ milliseconds: number; flops: number }> {
  await using runtime = await openRuntime({ ...gpu, profile: true });
  await using model = await runtime.loadOnnx(file, { batch });
  const runs: (readonly KernelTime[])[] = [];
  for (let round = 0; round < 6; round++) {
    const before = runtime.times.length;
    await scoresOf(model, data);
    if (round > 0) runs.push(runtime.times.slice(before));
  }
  await printKernelTable(file, batch, runs);
  const sum = (times: readonly KernelTime[], of: (time: KernelTime) => number): number => times.reduce((total, time) => total + of(time), 0); // biome-ignore format: one line
  return { milliseconds: median(runs.map((times) => sum(times, ({ milliseconds }) => milliseconds))), flops: sum(runs[0]!, ({ flops }) => flops) }; // biome-ignore format: one result
}

async function compareNetworks({ name, side, make, torch: sizes }: Network): Promise<void> {
  console.log(`\n${name}, ${side} x ${side}, batch ${batch}`);
  const file = make();
  const data = numbers(batch * 3 * side * side, 4);
  await using native = await openRuntime({ prefer: 'native' });
  await using exact = await native.loadOnnx(file, { batch: 2 });
  const expected = await scoresOf(exact, data.slice(0, 2 * 3 * side * side));
  await using runtime = await openRuntime(gpu);
  const opening = performance.now();
  await using model = await runtime.loadOnnx(file, { batch });
  const ours = await scoresOf(model, data);
  const cold = performance.now() - opening;
  expectEqual('native in float32', ours.slice(0, expected.length), expected);
  const speeds = await speedOf(() => scoresOf(model, data));
  const kernels = await kernelTimes(file, data);
  console.log(`  Diptych f16: ${range(speeds)} images/s; file to first scores ${cold.toFixed(0)} ms`);
  console.log(`  its kernels alone: ${((1000 * batch) / kernels.milliseconds).toFixed(1)} images/s, ${(kernels.flops / kernels.milliseconds / 1e6).toFixed(1)} GFLOP/s; at ${h100Teraflops} TFLOP/s they would be ${((batch * h100Teraflops * 1e12) / kernels.flops).toFixed(0)} images/s`); // biome-ignore format: one line
  const theirs = await onnxruntimeSpeed(file, side, data, ours);
  if (theirs !== undefined) console.log(`  onnxruntime-node webgpu: ${range(theirs)} images/s; ratio ${(median(speeds) / median(theirs)).toFixed(2)}`); // biome-ignore format: one line
  const answer = await torch('network', sizes.length === 0 ? 'resnet50' : 'vit', side, batch, rounds, ...sizes);
  if (answer === undefined) return;
  const [onCard, whole] = [batch / answer.seconds, batch / answer.whole!];
  // Our run begins and ends with numbers on the host; the rival's has them on the card. Each is held against its like.
  console.log(`  PyTorch f16 eager, numbers on the card: ${onCard.toFixed(1)} images/s; ratio of our kernels ${((1000 * batch) / kernels.milliseconds / onCard).toFixed(2)}, of our runs ${(median(speeds) / onCard).toFixed(2)}`); // biome-ignore format: one line
  console.log(`  PyTorch f16 eager, from the host and back: ${whole.toFixed(1)} images/s; ratio of our runs ${(median(speeds) / whole).toFixed(2)}`); // biome-ignore format: one line
}

await using about = await openRuntime(gpu);
console.log(`${about.info.adapter}; ${cpus().length} × ${cpus()[0]?.model}; Node ${process.version}; ${new Date().toISOString()}; ${rounds} rounds`); // biome-ignore format: one line
const sizes = values.sizes?.split(',').map(Number) ?? (small ? [64, 160] : [4096, 8192]);
if (values.only !== 'networks') for (const size of sizes) await compareProducts(size);
if (values.only !== 'products')
  for (const network of networks.filter(({ name }) => name.includes(values.network))) await compareNetworks(network);
