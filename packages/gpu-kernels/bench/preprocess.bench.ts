/**
 * Exact preprocessing on one core: decoded pixels to the float32 input of CLIP (short side to 224, centre crop, normalise),
 * by our native backend against Pillow with NumPy, and against sharp's own resize, which gives other pixels. Equality with
 * Pillow comes first: a byte that differs ends the benchmark. Milliseconds of processor time an image, medians of rounds
 * that take turns, so that other work on the machine counts less.
 *
 *   DIPTYCH_PILLOW_PYTHON=/path/to/python npm run bench -- preprocess [--rounds 9]
 */
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import type { ImageRecipe, RasterImage } from '@diptych/plugin-kit';
import sharp from 'sharp';
import { openNative } from '../src/backends/native/native-backend.ts';
import { type Plan, planVersion } from '../src/graph/plan.ts';

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '9' } } });
const rounds = Number(values.rounds);
const sizes = [[512, 512], [1024, 1024], [2725, 2225]] as const; // biome-ignore format: the sizes of docs/performance
const filters = ['bilinear', 'bicubic', 'lanczos'] as const;
type Filter = (typeof filters)[number];
const side = 224;
const clip = {
  step: 'normalise',
  scale: 1 / 255,
  mean: [0.48145466, 0.4578275, 0.40821073],
  deviation: [0.26862954, 0.26130258, 0.27577711],
} as const;
const asIs = { step: 'normalise', scale: 1, mean: [0, 0, 0], deviation: [1, 1, 1] } as const;

/** An entrant: what one image costs in milliseconds of processor time, over `count` runs. */
interface Entrant {
  readonly name: string;
  measure(image: RasterImage, filter: Filter, count: number): Promise<number>;
}

/** Smooth shapes with noise, as a photograph has. */
function photograph(width: number, height: number): RasterImage {
  let state = 1;
  const data = Uint8Array.from({ length: width * height * 3 }, (_, at) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    const [x, y] = [Math.floor(at / 3) % width, Math.floor(at / 3 / width)];
    return 128 + 90 * Math.sin((x + y * ((at % 3) + 1)) / 60) + (state >>> 28);
  });
  return { width, height, channels: 3, data };
}

const recipeOf = (filter: Filter, last: ImageRecipe[number]): ImageRecipe => [
  { step: 'resize-short-side', filter: `pillow-${filter}`, size: side },
  { step: 'centre-crop', width: side, height: side },
  last,
];

/** Nothing but the image step: its value is the output. */
async function prepare(recipe: ImageRecipe): Promise<(image: RasterImage) => Promise<Float32Array>> {
  const shape = [side, side, 3];
  const plan: Plan = {
    version: planVersion,
    name: 'preprocess',
    batch: 1,
    values: [{ id: 0, shape }],
    weights: [],
    steps: [{ op: 'image', name: 'image', input: 'image', recipe, output: 0 }],
    inputs: {},
    outputs: { y: { value: 0, shape } },
  };
  const executable = await openNative({ threads: 1 }).compile(plan, {});
  return async (image) => (await executable.run({ image: [image] }))['y']!.data;
}

async function processorMilliseconds(count: number, work: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage();
  for (let i = 0; i < count; i++) await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000 / count;
}

async function ours(): Promise<Entrant> {
  const byFilter = new Map(await Promise.all(filters.map(async (f) => [f, await prepare(recipeOf(f, clip))] as const)));
  return {
    name: 'Diptych native, exact, normalised',
    measure: (image, filter, count) => processorMilliseconds(count, () => byFilter.get(filter)!(image)),
  };
}

function libvips(): Entrant {
  sharp.concurrency(1);
  sharp.cache(false);
  const kernels = { bilinear: 'linear', bicubic: 'cubic', lanczos: 'lanczos3' } as const;
  return {
    name: `sharp ${sharp.versions.sharp}, other pixels, bytes`,
    measure: ({ data, ...raw }, filter, count) =>
      processorMilliseconds(count, () =>
        sharp(data, { raw }).resize(side, side, { fit: 'cover', kernel: kernels[filter] }).raw().toBuffer(),
      ),
  };
}

/** Reads requests of one line, `path width height filter count kind`; answers milliseconds, or the bytes in hexadecimal. */
const pillowScript = `
import sys, time
import numpy as np
import PIL
from PIL import Image
images = {}
mean = np.array(${JSON.stringify(clip.mean)}, np.float32)
deviation = np.array(${JSON.stringify(clip.deviation)}, np.float32)
print(PIL.__version__, flush=True)
for line in sys.stdin:
    path, width, height, name, count, kind = line.split()
    width, height, count = int(width), int(height), int(count)
    if path not in images:
        images[path] = Image.fromarray(np.fromfile(path, np.uint8).reshape(height, width, 3))
    image, resample = images[path], getattr(Image.Resampling, name.upper())
    size = (${side}, int(${side} * height / width)) if width <= height else (int(${side} * width / height), ${side})
    left, top = round((size[0] - ${side}) / 2), round((size[1] - ${side}) / 2)
    start = time.process_time()
    for _ in range(count):
        resized = image.resize(size, resample).crop((left, top, left + ${side}, top + ${side}))
        if kind == "normalised":
            ((np.asarray(resized, np.float32) * np.float32(1 / 255) - mean) / deviation).transpose(2, 0, 1)
    print(resized.tobytes().hex() if kind == "bytes" else (time.process_time() - start) * 1000 / count, flush=True)
`;

type Ask = (image: RasterImage, filter: Filter, count: number, kind: 'bytes' | 'resized' | 'normalised') => Promise<string>;

/** Pillow in a process of its own, which keeps its images. */
async function openPillow(python: string, folder: string): Promise<{ version: string; ask: Ask; close(): void }> {
  const child = spawn(python, ['-c', pillowScript], { stdio: ['pipe', 'pipe', 'inherit'], env: { ...process.env, OMP_NUM_THREADS: '1' } }); // biome-ignore format: one call
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<string> => {
    const { value, done } = await lines.next();
    if (done) throw new Error('Expected an answer of Python, it ended.');
    return value as string;
  };
  const version = await next();
  const written = new Set<string>();
  return {
    version,
    close: () => child.stdin.end(),
    async ask({ width, height, data }, filter, count, kind) {
      const path = join(folder, `${width}x${height}`);
      if (!written.has(path)) await writeFile(path, data);
      written.add(path);
      child.stdin.write(`${path} ${width} ${height} ${filter} ${count} ${kind}\n`);
      return next();
    },
  };
}

async function checkEqual(images: readonly RasterImage[], ask: Ask): Promise<void> {
  for (const filter of filters) {
    const run = await prepare(recipeOf(filter, asIs));
    for (const image of images) {
      const expected = await ask(image, filter, 1, 'bytes');
      if (Buffer.from(Uint8Array.from(await run(image))).toString('hex') !== expected)
        throw new Error(`Expected the bytes of Pillow for ${filter} of ${image.width}x${image.height}.`);
    }
  }
}

const median = (numbers: readonly number[]): number => [...numbers].sort((a, b) => a - b)[numbers.length >> 1]!;

async function table(entrants: readonly Entrant[], images: readonly RasterImage[]): Promise<void> {
  console.log(`\n| filter | image | ${entrants.map(({ name }) => name).join(' | ')} |`);
  console.log(`| --- | --- | ${entrants.map(() => '---:').join(' | ')} |`);
  for (const filter of filters) {
    for (const image of images) {
      const count = Math.max(2, Math.round(2e7 / image.data.length));
      const times: number[][] = entrants.map(() => []);
      for (let round = 0; round < rounds; round++)
        for (const [place, entrant] of entrants.entries()) times[place]!.push(await entrant.measure(image, filter, count));
      const [first, ...others] = times.map(median);
      const cells = others.map((time) => `${time.toFixed(2)} (${(time / first!).toFixed(2)}×)`);
      console.log(`| ${filter} | ${image.width}×${image.height} | ${[first!.toFixed(2), ...cells].join(' | ')} |`);
    }
  }
}

const folder = await mkdtemp(join(tmpdir(), 'diptych-preprocess-'));
try {
  const images = sizes.map(([width, height]) => photograph(width, height));
  const entrants = [await ours(), libvips()];
  console.log(`Milliseconds of processor time an image, medians of ${rounds}; in brackets over ours. ${cpus().length} × ${cpus()[0]?.model}; Node ${process.version}; ${new Date().toISOString()}`); // biome-ignore format: one line
  const python = process.env['DIPTYCH_PILLOW_PYTHON'];
  if (python === undefined) {
    console.log('Pillow: skipped, DIPTYCH_PILLOW_PYTHON names no Python with Pillow and NumPy. Equality was not checked.');
    await table(entrants, images);
  } else {
    const pillow = await openPillow(python, folder);
    await checkEqual(images, pillow.ask);
    const rival = (kind: 'resized' | 'normalised'): Entrant => ({
      name: `Pillow ${pillow.version}, ${kind === 'resized' ? 'bytes' : 'with NumPy, normalised'}`,
      measure: async (image, filter, count) => Number(await pillow.ask(image, filter, count, kind)),
    });
    await table([entrants[0]!, rival('normalised'), rival('resized'), entrants[1]!], images);
    pillow.close();
  }
} finally {
  await rm(folder, { recursive: true });
}
