/**
 * Diptych's side of jpeg-to-scores.bench.ts, a process of its own: `MODEL FOLDER SIDE BATCH ROUNDS BACKEND PRECISION [ADAPTER]`.
 * Prints a line with the scores of the first files as soon as it has them, and after a line on stdin one with speeds.
 */
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { presentImage } from '@diptych/core';
import { openRuntime } from '@diptych/gpu-kernels';
import { type BackendName, type ImageRecipe, limitsSchema, type OnnxNetwork, type Precision } from '@diptych/plugin-kit';

const [model, folder, side, batch, rounds, backend, precision, adapter] = process.argv.slice(2) as string[];
/** Batches between reading and scores: some are decoded while others are computed. */
const batchesAhead = 4;
const compared = 4;
const limits = limitsSchema.parse({});

/** CLIP's, as its authors have it. */
const recipeOf = (size: number): ImageRecipe => [
  { step: 'resize-short-side', filter: 'pillow-bicubic', size },
  { step: 'centre-crop', width: size, height: size },
  { step: 'normalise', scale: 1 / 255, mean: [0.48145466, 0.4578275, 0.40821073], deviation: [0.26862954, 0.26130258, 0.27577711] },
]; // biome-ignore format: a recipe

async function scoresOf(network: OnnxNetwork, files: readonly string[]): Promise<Float32Array> {
  const images = await Promise.all(files.map(async (file) => presentImage(await readFile(file), limits)));
  const rasters = await Promise.all(images.map((image) => image.raster()));
  const outputs = await network.run({ [network.inputs[0]!.name]: rasters });
  for (const image of images) image.release();
  return Object.values(outputs)[0]!.data;
}

async function pass(network: OnnxNetwork, files: readonly string[]): Promise<number> {
  const start = performance.now();
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < files.length) {
      const first = next;
      next += network.batch;
      await scoresOf(network, files.slice(first, first + network.batch));
    }
  };
  await Promise.all(Array.from({ length: batchesAhead }, work));
  return (1000 * files.length) / (performance.now() - start);
}

const say = (line: object): boolean => process.stdout.write(`${JSON.stringify(line)}\n`);
await using runtime = await openRuntime({
  prefer: backend as BackendName,
  precision: precision as Precision,
  ...(adapter && { adapter }),
});
const files = (await readdir(folder!)).sort().map((name) => join(folder!, name));
await using network = await runtime.loadOnnx(await readFile(model!), {
  batch: Number(batch),
  recipe: recipeOf(Number(side)),
});
const scores = await scoresOf(network, files.slice(0, compared));
const inFull = runtime.info.beyondHalf?.length ? ', given up for float32' : '';
say({ about: `Diptych ${backend} ${precision}${inFull}, ${runtime.info.adapter}`, scores: [...scores] });
const [go] = await once(process.stdin, 'data');
if (String(go).startsWith('go')) {
  await pass(network, files.slice(0, 2 * network.batch));
  const speeds: number[] = [];
  const before = process.threadCpuUsage();
  for (let round = 0; round < Number(rounds); round++) speeds.push(await pass(network, files));
  const { user, system } = process.threadCpuUsage(before);
  const threadMilliseconds = (user + system) / 1000 / (files.length * Number(rounds));
  say({ speeds, threadMilliseconds, hostMegabytes: process.resourceUsage().maxRSS / 1024 });
}
process.stdin.destroy();
