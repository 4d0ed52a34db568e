/**
 * Decoded images → Pillow-exact resize → MobileNetV2-shaped network, in images a second, on every backend that opens.
 * Equality with the reference comes first: a backend whose scores differ by more than 1e-4 is not timed.
 *
 *     node packages/gpu-kernels/bench/images-to-scores.ts [batch] [repeats]
 */
import { cpus } from 'node:os';
import type { BackendName } from '@diptych/plugin-kit';
import { synthesise } from '../src/image-ops/synthetic-image.ts';
import { openRuntime } from '../src/index.ts';
import { sampleNetwork } from '../src/sample-network.ts';

const batch = Number(process.argv[2] ?? 16);
const repeats = Number(process.argv[3] ?? 20);
const { graph, weights } = sampleNetwork({
  size: 224,
  recipe: [
    { step: 'resize', filter: 'pillow-bicubic', width: 224, height: 224 },
    { step: 'normalise', scale: 1 / 127.5, mean: [1, 1, 1], deviation: [1, 1, 1] },
  ],
});
const images = Array.from({ length: batch }, (_, seed) => synthesise('noise', 640, 480, seed));
const output = graph.outputs[0]!;

interface Timing {
  readonly backend: string;
  readonly adapter: string;
  readonly loadSeconds: number;
  readonly firstRunSeconds: number;
  readonly imagesPerSecond: { readonly median: number; readonly lowerQuartile: number; readonly upperQuartile: number };
}

async function measure(prefer: BackendName, expected: Float32Array): Promise<Timing> {
  await using runtime = await openRuntime({ prefer });
  const started = performance.now();
  await using model = await runtime.load(graph, weights, batch);
  const loaded = performance.now();
  const first = (await model.run({ image: images }))[output]!.data;
  const ran = performance.now();
  const difference = Math.max(...expected.map((value, index) => Math.abs(value - first[index]!)));
  if (!(difference <= 1e-4)) throw new Error(`${prefer} differs from the reference by ${difference}; it is not timed.`);
  const rates: number[] = [];
  for (let repeat = 0; repeat < repeats; repeat++) {
    const before = performance.now();
    await model.run({ image: images });
    rates.push((batch * 1000) / (performance.now() - before));
  }
  rates.sort((a, b) => a - b);
  const quantile = (q: number): number =>
    Number(rates[Math.min(rates.length - 1, Math.floor(q * rates.length))]!.toFixed(1));
  return {
    backend: prefer,
    adapter: runtime.info.adapter,
    loadSeconds: Number(((loaded - started) / 1000).toFixed(3)),
    firstRunSeconds: Number(((ran - loaded) / 1000).toFixed(3)),
    imagesPerSecond: { median: quantile(0.5), lowerQuartile: quantile(0.25), upperQuartile: quantile(0.75) },
  };
}

/** The reference is slow: two images stand for the batch, the others are compared between backends by the tests. */
async function expectedScores(): Promise<Float32Array> {
  await using runtime = await openRuntime({ prefer: 'reference' });
  await using model = await runtime.load(graph, weights, 2);
  return (await model.run({ image: images.slice(0, 2) }))[output]!.data;
}

const expected = await expectedScores();
const timings: unknown[] = [];
for (const backend of ['native', 'webgpu'] as const) {
  timings.push(await measure(backend, expected).catch((error: unknown) => ({ backend, error: String(error) })));
}
process.stdout.write(
  `${JSON.stringify({ node: process.version, cpu: cpus()[0]?.model, cores: cpus().length, batch, repeats, timings }, null, 2)}\n`,
);
