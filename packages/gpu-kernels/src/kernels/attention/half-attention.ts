/**
 * Attention in half precision: q, k, v and the weights of v float16, all sums float32, on matrix instructions where the
 * adapter has them, else the same blocks with float32 arithmetic. See `_lib/half-attention.wgsl`.
 */
import type { MatrixView } from '../../graph/plan-products.ts';
import { sizeOf } from '../../graph/shapes.ts';
import {
  type Constants,
  halfDirectives,
  type Kernel,
  loadKernel,
  type MatrixUnit,
  matrixConstants,
  matrixDirectives,
  matrixUnits,
  type StepOf,
  type StepShapes,
  type Target,
} from '../kernel.ts';

/** One way to run the step: its kernel, what the prelude needs beyond the step's own constants, rows of q a workgroup. */
export interface HalfWay {
  readonly kernel: Kernel;
  readonly constants: Constants;
  readonly eitherStorage?: readonly number[];
  readonly queries: number;
}

interface Block {
  /** Rows of q and keys that a workgroup holds at once. */
  readonly queries: number;
  readonly keys: number;
}

/** Largest first: a larger block reads k and v less often. */
const blocks: readonly Block[] = [
  { queries: 64, keys: 64 },
  { queries: 64, keys: 32 },
  { queries: 32, keys: 32 },
];
/** Sums of v of a row stay in registers: 16 matrices of 8x8, 8 of 16x16. */
const mostChannels = 128;
/** Halves in a word of 16 bytes, and in the multiple that staged rows are filled up to. */
const [half, filled] = [8, 16];

const wordsOf = (channels: number): number => Math.ceil(channels / filled) * (filled / half);

const blocksAcross = (channels: number, { side }: MatrixUnit): number => (wordsOf(channels) * half) / side;

/** Staged q, staged k or v, and the strip of scores, each row with one word of padding. */
function stagedWords({ queries, keys }: Block, { channels, valueChannels }: StepOf<'attention'>): number {
  const [q, v] = [wordsOf(channels), wordsOf(valueChannels)];
  return queries * (q + 1) + keys * (Math.max(q, v) + 1) + queries * (keys / 4 + 1);
}

const threadsOf = ({ queries }: Block, { side, subgroup }: MatrixUnit): number => (queries / side) * subgroup;

/** Largest block that fits beside a number for each thread and for each row. */
const blockOf = (step: StepOf<'attention'>, unit: MatrixUnit, target: Target): Block | undefined =>
  blocks.find((block) => {
    const threads = threadsOf(block, unit);
    const bytes = stagedWords(block, step) * 16 + (threads + block.queries + 1) * 4;
    return bytes <= target.workgroupBytes && threads <= target.workgroupThreads;
  });

/** Whether every row of that operand is whole words of 16 bytes. */
const isPacked = (value: number, { offset, strides }: MatrixView, width: number, shapes: StepShapes): boolean =>
  shapes.storage(value) === 'f16' &&
  strides[3] === 1 &&
  [offset, ...strides.slice(0, 3), width, sizeOf(shapes.value(value))].every((count) => count % half === 0);

/** Every kernel by how many blocks of `side` columns the sums of v are, and by how it reads q, k and v, each loaded once. */
const kernels = new Map<string, Kernel>();
function kernelOf(twin: 'matrix' | 'emulated', blocks: number, rows: 'packed' | 'each'): Kernel {
  const name = `half-${twin}-${blocks}-${rows}`;
  const known = kernels.get(name);
  if (known !== undefined) return known;
  const parts = ['run', 'rolled', 'halves', `half-rows-${rows}`, 'half-attention'];
  const counts = { BLOCKS: blocks };
  const kernel =
    twin === 'emulated'
      ? loadKernel('attention', 'half-emulated', parts, halfDirectives, counts)
      : loadKernel('attention', 'half-matrix', ['matrices', ...parts], matrixDirectives, counts);
  const named = { ...kernel, name: `attention/${name}` };
  kernels.set(name, named);
  return named;
}

/** Undefined in float32 plans, for wide heads, and where no block fits the workgroup memory. */
export function halfWay(step: StepOf<'attention'>, shapes: StepShapes): HalfWay | undefined {
  const { target } = shapes;
  const { channels, valueChannels } = step;
  if (target.precision === 'f32' || Math.max(channels, valueChannels) > mostChannels) return undefined;
  const unit = target.matrices ?? matrixUnits[0]!;
  const block = blockOf(step, unit, target);
  if (block === undefined) return undefined;
  const packed =
    isPacked(step.q, step.qView, channels, shapes) &&
    isPacked(step.k, step.kView, channels, shapes) &&
    isPacked(step.v, step.vView, valueChannels, shapes);
  return {
    kernel: kernelOf(target.matrices ? 'matrix' : 'emulated', blocksAcross(valueChannels, unit), packed ? 'packed' : 'each'),
    constants: {
      ...matrixConstants(target),
      QUERIES: block.queries,
      KEYS_AT_ONCE: block.keys,
      THREADS: threadsOf(block, unit),
      STAGED: stagedWords(block, step),
      ROLLED: target.rolled,
    },
    eitherStorage: [1, 2, 3],
    queries: block.queries,
  };
}
