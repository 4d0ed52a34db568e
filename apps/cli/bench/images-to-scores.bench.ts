/**
 * JPEG bytes to class scores: decode, exact resize, MobileNetV2 (nsfwjs), on every backend of ours that opens, against
 * TensorFlow.js (WebAssembly) and onnxruntime-node (CPU) on the same network and the same decoded pixels, in one run.
 * Equality first: whoever differs from the first by more than 1e-3 is not timed. Medians and spread of `rounds`.
 *
 *   npm run bench -- images-to-scores [--backends webgpu,native] [--images 32] [--rounds 7]
 */
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { openWeightsStore, presentImage } from '@diptych/core';
import { openRuntime } from '@diptych/gpu-kernels';
import {
  type BackendName,
  limitsSchema,
  type ModelGraph,
  needsOf,
  type PresentedImage,
  type Runtime,
  type Tensors,
} from '@diptych/plugin-kit';
import { registry } from '@diptych/plugins';
import { makeJpegs } from './jpegs.ts';
import { openOnnxruntime, openTensorFlow, type Rival } from './rivals.ts';

const { values } = parseArgs({
  options: {
    backends: { type: 'string', default: 'native,webgpu' },
    images: { type: 'string', default: '32' },
    rounds: { type: 'string', default: '7' },
    rivals: { type: 'boolean', default: true },
  },
  allowNegative: true,
});
const size = 512;
const batch = 8;
const limits = limitsSchema.parse({});

interface Judge {
  judge(
    items: readonly { image: PresentedImage; prompt: string }[],
    signal: AbortSignal,
  ): Promise<readonly { raw?: Readonly<Record<string, number>> }[]>;
}

/** The plugin as a run would create it, on the given runtime. */
async function openJudge(runtime: Runtime): Promise<Judge> {
  const { default: plugin } = await registry['safety-judge/nsfwjs']();
  const store = openWeightsStore();
  const [ref] = needsOf(plugin, {}).weights ?? [];
  if (!ref) throw new Error('Expected nsfwjs to need weights.');
  const unused = () => {
    throw new Error('not used by nsfwjs');
  };
  return (await plugin.create(
    {},
    {
      runtime,
      fetch: unused,
      log: { debug: () => undefined, warn: () => undefined },
      baseFolder: '.',
      maxImageBytes: 2 ** 26,
      secret: unused,
      weights: () => store.read(ref, '.'),
    },
  )) as unknown as Judge;
}

/** What the plugin would load, without any backend. */
async function captureNetwork(): Promise<{ graph: ModelGraph; weights: Tensors }> {
  let captured: { graph: ModelGraph; weights: Tensors } | undefined;
  const recorder = { info: { backend: 'reference', adapter: '', rejected: [] }, load: async (graph: ModelGraph, weights: Tensors) => { captured = { graph, weights }; return {}; } } as unknown as Runtime; // biome-ignore format: one stand-in
  await openJudge(recorder);
  if (!captured) throw new Error('Expected nsfwjs to load its network.');
  return captured;
}

async function ours(name: BackendName): Promise<Rival> {
  const runtime = await openRuntime({ prefer: name });
  const judge = await openJudge(runtime);
  return {
    name: `diptych ${name} (${runtime.info.adapter})`,
    async score(jpegs) {
      const images = await Promise.all(jpegs.map((bytes) => presentImage(bytes, limits)));
      const verdicts = await judge.judge(images.map((image) => ({ image, prompt: '' })), new AbortController().signal); // biome-ignore format: one call
      return verdicts.map(({ raw }) => Object.values(raw ?? {}));
    },
    close: async () => runtime[Symbol.asyncDispose](),
  };
}

async function scoreAll(rival: Rival, jpegs: readonly Uint8Array[]): Promise<number[][]> {
  const scores: number[][] = [];
  for (let at = 0; at < jpegs.length; at += batch) scores.push(...(await rival.score(jpegs.slice(at, at + batch))));
  return scores;
}

async function measure(rival: Rival, jpegs: readonly Uint8Array[], rounds: number): Promise<string> {
  const speeds: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const start = performance.now();
    await scoreAll(rival, jpegs);
    speeds.push((1000 * jpegs.length) / (performance.now() - start));
  }
  speeds.sort((a, b) => a - b);
  const [low, median, high] = [speeds[0]!, speeds[Math.floor(rounds / 2)]!, speeds[rounds - 1]!];
  return `${median.toFixed(1)} images/s (${low.toFixed(1)} to ${high.toFixed(1)})`;
}

const jpegs = await makeJpegs(Number(values.images), size);
const decode = async (bytes: Uint8Array) => (await presentImage(bytes, limits)).raster();
const openers = [
  ...values.backends.split(',').map((name) => () => ours(name as BackendName)),
  ...(values.rivals
    ? [async () => openOnnxruntime(await captureNetwork(), size, decode), () => openTensorFlow(decode)]
    : []),
];
console.log(
  `${jpegs.length} JPEGs of ${size}×${size}, mean ${Math.round(jpegs.reduce((sum, { length }) => sum + length, 0) / jpegs.length / 1000)} kB; ${cpus().length} × ${cpus()[0]?.model}; Node ${process.version}; ${new Date().toISOString()}`,
);
let first: number[][] | undefined;
for (const open of openers) {
  try {
    const rival = await open();
    const scores = await scoreAll(rival, jpegs); // also warms up
    first ??= scores;
    const difference = Math.max(
      ...scores.flatMap((row, image) => row.map((score, index) => Math.abs(score - first![image]![index]!))),
    );
    console.log(
      `${rival.name}: largest difference ${difference.toExponential(1)}; ${difference <= 1e-3 ? await measure(rival, jpegs, Number(values.rounds)) : 'not equal, not timed'}`,
    );
    await rival.close();
  } catch (error) {
    console.log(`absent: ${error instanceof Error ? error.message : String(error)}`);
  }
}
