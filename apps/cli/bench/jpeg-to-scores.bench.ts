/**
 * JPEG files on disk to the scores of a ViT-L/14 with CLIP's exact preprocessing, against a PyTorch DataLoader with 16 Pillow
 * workers and float16 on the same card. Each side is a process of its own. Equality first: the first scores of each are
 * compared with those of the native backend in float32, and who differs is not timed. Printed are medians and range of
 * rounds, peak memory, and the time from starting the process to its first scores. A rival that is absent is skipped
 * with its reason. `--small` runs the same with a small ViT on the CPU, and with `--webgpu` on software Vulkan.
 *
 *   node apps/cli/bench/jpeg-to-scores.bench.ts [--small [--webgpu]] [--python python3] [--adapter NAME] [--images 4096] [--rounds 7]
 */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { makeJpegs } from './jpegs.ts';
import { vit } from './networks.ts';

const { values } = parseArgs({
  options: {
    small: { type: 'boolean', default: false },
    /** With `--small`: our side in half precision on software Vulkan, as it will run on a GPU. */
    webgpu: { type: 'boolean', default: false },
    python: { type: 'string', default: 'python3' },
    adapter: { type: 'string', default: '' },
    images: { type: 'string' },
    rounds: { type: 'string' },
  },
});
const { small } = values;
const scale = small
  ? { side: 64, patch: 16, width: 128, depth: 2, sizes: [96, 160], images: 48, batch: 8, workers: 2, rounds: 3 }
  : { side: 224, patch: 14, width: 1024, depth: 24, sizes: [512, 1024], images: 4096, batch: 64, workers: 16, rounds: 7 };
const rounds = Number(values.rounds ?? scale.rounds);
/** More files than these repeat them: decoding one twice costs the same. */
const distinct = 32;

interface Answer {
  readonly about: string;
  readonly scores: readonly number[];
  readonly coldMilliseconds: number;
  readonly speeds?: readonly number[];
  readonly hostMegabytes?: number;
  /** Processor time of the JavaScript thread for an image, which bounds the speed whatever the card. */
  readonly threadMilliseconds?: number;
  readonly gpuMegabytes?: number;
}

/** Megabytes that the driver counts for a process, where it is NVIDIA's. */
async function gpuMegabytes(pid: number): Promise<number> {
  const query = ['--query-compute-apps=pid,used_memory', '--format=csv,noheader,nounits'];
  const { stdout } = await promisify(execFile)('nvidia-smi', query).catch(() => ({ stdout: '' })); // no such card
  const rows = stdout.split('\n').map((line) => line.split(',').map(Number));
  return rows.filter(([id]) => id === pid).reduce((sum, [, used]) => sum + used!, 0);
}

/** Starts a side, hands its first scores to `isEqual`, and lets it go on only if they are. */
async function runSide(
  command: string,
  parameters: readonly string[],
  isEqual: (answer: Answer) => boolean,
): Promise<Answer> {
  const start = performance.now();
  const child = spawn(command, parameters, {
    stdio: ['pipe', 'pipe', 'pipe'],
    // Decoding runs on libuv's threads, of which there are four unless it is told otherwise.
    env: { ...process.env, UV_THREADPOOL_SIZE: String(availableParallelism()) },
  });
  let complaints = '';
  child.stderr.on('data', (text) => {
    complaints += text;
  });
  const ended = once(child, 'close');
  child.stdin.on('error', () => undefined); // a side that died: its complaints say why
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<object> => {
    const { value, done } = await lines.next();
    if (!done) return JSON.parse(value as string);
    const said = complaints.trim().split('\n');
    throw new Error(said.find((line) => /^\w*Error: /.test(line)) ?? said.at(-1) ?? 'it ended without a word');
  };
  const first = { ...(await next()), coldMilliseconds: performance.now() - start } as Answer;
  if (!isEqual(first)) {
    child.stdin.end('stop\n');
    await ended;
    return first;
  }
  let most = 0;
  const sample = (used: number): void => {
    most = Math.max(most, used);
  };
  const sampling = setInterval(() => void gpuMegabytes(child.pid!).then(sample), 500);
  child.stdin.end('go\n');
  const second = await next().finally(() => clearInterval(sampling));
  await ended;
  return { ...first, ...second, ...(most > 0 && { gpuMegabytes: most }) };
}

/** Shares of a row of 1000, which is what a report would show. */
function softmax(row: readonly number[]): number[] {
  const largest = Math.max(...row);
  const powers = row.map((value) => Math.exp(value - largest));
  const total = powers.reduce((sum, power) => sum + power, 0);
  return powers.map((power) => power / total);
}

function difference(a: readonly number[], b: readonly number[]): { cosine: number; score: number } {
  const dot = (p: readonly number[], q: readonly number[]): number => p.reduce((sum, value, i) => sum + value * q[i]!, 0);
  let score = a.length === b.length ? 0 : Number.POSITIVE_INFINITY;
  for (let row = 0; row < a.length; row += 1000) {
    const [p, q] = [softmax(a.slice(row, row + 1000)), softmax(b.slice(row, row + 1000))];
    score = Math.max(score, ...p.map((value, i) => Math.abs(value - q[i]!)));
  }
  return { cosine: dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b)), score };
}

function report({ about, coldMilliseconds, speeds, hostMegabytes, threadMilliseconds, gpuMegabytes: used }: Answer): void {
  const sorted = [...(speeds ?? [])].sort((a, b) => a - b);
  console.log(`  ${about}: first scores after ${(coldMilliseconds / 1000).toFixed(2)} s`);
  if (sorted.length === 0) return;
  const [low, middle, high] = [sorted[0]!, sorted[sorted.length >> 1]!, sorted.at(-1)!];
  const memory = `${hostMegabytes!.toFixed(0)} MB of the host${used === undefined ? '' : `, ${used} MB of the card`}`;
  console.log(`  ${middle.toFixed(1)} images/s (${low.toFixed(1)} to ${high.toFixed(1)}), at most ${memory}`);
  if (threadMilliseconds !== undefined)
    console.log(`  ${threadMilliseconds.toFixed(2)} ms an image on the JavaScript thread`);
}

async function makeFiles(folder: string): Promise<void> {
  const count = Number(values.images ?? scale.images);
  const kinds = await Promise.all(scale.sizes.map((size) => makeJpegs(Math.min(distinct, count), size)));
  await mkdir(folder);
  for (let index = 0; index < count; index++) {
    const kind = kinds[index % kinds.length]!;
    await writeFile(
      join(folder, `${String(index).padStart(6, '0')}.jpg`),
      kind[Math.floor(index / kinds.length) % kind.length]!,
    );
  }
}

const temporary = await mkdtemp(join(tmpdir(), 'diptych-bench-'));
try {
  const [model, folder] = [join(temporary, 'vit.onnx'), join(temporary, 'images')];
  await makeFiles(folder);
  await writeFile(model, vit(scale.side, scale.patch, scale.width, scale.depth));
  console.log(`ViT of ${scale.depth} blocks of ${scale.width}, ${scale.side} pixels, batch ${scale.batch}; ${(await readdir(folder)).length} JPEGs, half ${scale.sizes[0]} and half ${scale.sizes[1]} pixels; ${cpus().length} × ${cpus()[0]?.model}; Node ${process.version}; ${new Date().toISOString()}; ${rounds} rounds`); // biome-ignore format: one line
  const sizes = [scale.side, scale.batch, rounds].map(String);
  const script = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
  const oursOn = (backend: string, precision: string): string[] => [script('jpeg-to-scores-ours.ts'), model, folder, ...sizes, backend, precision, values.adapter]; // biome-ignore format: one command
  const { scores } = await runSide(process.execPath, oursOn('native', 'f32'), () => false);
  const sides: readonly [string, string, readonly string[]][] = [
    ['Diptych', process.execPath, small && !values.webgpu ? oursOn('native', 'f32') : oursOn('webgpu', 'f16')],
    ['PyTorch', values.python, [script('torch-jpeg-rival.py'), model, folder, ...sizes, String(scale.workers)]],
  ];
  const medians: number[] = [];
  for (const [name, command, parameters] of sides) {
    try {
      const answer = await runSide(command, parameters, (first) => {
        const { cosine, score } = difference(first.scores, scores);
        const equal = cosine >= 0.999 && score <= 1e-3;
        console.log(`${name}: cosine ${cosine.toFixed(6)}, scores up to ${score.toExponential(1)} from native float32${equal ? '' : ': not equal, not timed'}`); // biome-ignore format: one line
        return equal;
      });
      report(answer);
      if (answer.speeds) medians.push(answer.speeds.toSorted((a, b) => a - b)[answer.speeds.length >> 1]!);
    } catch (error) {
      console.log(`${name} skipped: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  if (medians.length === 2) console.log(`ratio ${(medians[0]! / medians[1]!).toFixed(2)}`);
} finally {
  await rm(temporary, { recursive: true });
}
