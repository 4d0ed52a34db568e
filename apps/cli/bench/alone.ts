/**
 * Diptych and onnxruntime-node, each alone in a process of its own over an ONNX file that a third process wrote, in turn:
 * from the file to the first score, and the most memory they hold. Scores are compared before anything is printed.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cosine, median, sorted } from './numbers.ts';

interface Measured {
  /** MiB of the process before either runtime was loaded. */
  readonly before: number;
  readonly first: { readonly ms: number; readonly cpuMs: number; readonly sinceStartMs: number; readonly peak: number };
  readonly peak: number;
  /** Images a second, median of the runs after the first. */
  readonly speed?: number;
  readonly runs: number;
  /** MiB after the last run. */
  readonly resident?: number;
}
interface Job {
  readonly file: string;
  readonly batch: number;
  readonly side: number;
  /** How long to go on after the first scores. */
  readonly seconds: number;
}

const threads = 2;
const contenders = ['diptych', 'onnxruntime'] as const;
const script = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const node = (...args: readonly string[]): string =>
  execFileSync(process.execPath, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });

function measure(which: string, { file, batch, side, seconds }: Job): { measured: Measured; scores: Float32Array } {
  const scores = `${file}.${which}`;
  const printed = node(script('alone-child.ts'), which, file, ...[batch, side, threads, seconds].map(String), scores);
  const bytes = readFileSync(scores);
  return { measured: JSON.parse(printed) as Measured, scores: new Float32Array(new Uint8Array(bytes).buffer) };
}

/** Rounds of both in turn; of the first nothing counts but the scores: it fills Node's cache of compiled modules. */
function rounds(job: Job, count: number): { readonly all: readonly (readonly Measured[])[]; readonly agreement: number } {
  const [ours, theirs] = contenders.map((which) => measure(which, { ...job, seconds: 0 }).scores);
  const agreement = cosine(ours!, theirs!);
  if (!(agreement >= 0.99999)) throw new Error(`Expected equal scores of ${job.file}, their cosine is ${agreement}.`);
  const turns = Array.from({ length: count }, () => contenders.map((which) => measure(which, job).measured));
  return { all: contenders.map((_, index) => turns.map((turn) => turn[index]!)), agreement };
}

function withNetwork<T>(name: string, side: number, work: (file: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'diptych-bench-'));
  try {
    const file = join(folder, 'network.onnx');
    node(script('write-network.ts'), name, String(side), file);
    return work(file);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const range = (values: readonly number[], digits = 0): string => {
  const order = sorted(values);
  return `${median(order).toFixed(digits)} (${order[0]!.toFixed(digits)}–${order.at(-1)!.toFixed(digits)})`;
};
const row = (...cells: readonly (string | number)[]): void => console.log(`| ${cells.join(' | ')} |`);
const head = (...cells: readonly string[]): void => {
  row(...cells);
  row(...cells.map((_, index) => (index === 0 ? '---' : '---:')));
};

/** From the file on disk to the first score of one image, the runtime's own loading included. */
export function coldTable(names: readonly string[], count: number): void {
  head('network', 'file, MiB', 'Diptych, ms', 'onnxruntime-node, ms', 'Diptych, CPU ms', 'onnxruntime-node, CPU ms', 'from the start of the process, ms', 'the same', '1 − cosine'); // biome-ignore format: one table
  for (const name of names)
    withNetwork(name, 224, (file) => {
      const { all, agreement } = rounds({ file, batch: 1, side: 224, seconds: 0 }, count);
      const of = (field: 'ms' | 'cpuMs' | 'sinceStartMs'): string[] =>
        all.map((runs) => range(runs.map(({ first }) => first[field])));
      const size = (statSync(file).size / 2 ** 20).toFixed(0);
      row(name, size, ...of('ms'), ...of('cpuMs'), ...of('sinceStartMs'), (1 - agreement).toExponential(1));
    });
}

/** What each network is run at. Larger sides show what activations take. */
const sizes = (name: string): readonly (readonly [side: number, batch: number])[] => [
  [224, 1],
  [224, 8],
  [224, 32],
  ...(name.startsWith('ViT') ? [] : ([[448, 1], [896, 1]] as const)), // biome-ignore format: a table
];

/** Peak memory, memory after many batches, and speed. */
export function memoryTable(names: readonly string[], count: number): void {
  head('network, side', 'batch', 'Diptych, peak MiB', 'onnxruntime-node, peak MiB', 'Diptych, MiB at the end', 'onnxruntime-node, MiB at the end', 'Diptych, images/s', 'onnxruntime-node, images/s', '1 − cosine'); // biome-ignore format: one table
  for (const name of names)
    for (const [side, batch] of sizes(name))
      withNetwork(name, side, (file) => {
        const { all, agreement } = rounds({ file, batch, side, seconds: 5 }, count);
        const of = (field: 'peak' | 'resident' | 'speed', digits = 0): string[] =>
          all.map((runs) => range(runs.map((run) => run[field] ?? Number.NaN), digits)); // biome-ignore format: one expression
        row(`${name} ${side}`, batch, ...of('peak'), ...of('resident'), ...of('speed', 1), (1 - agreement).toExponential(1));
      });
}
