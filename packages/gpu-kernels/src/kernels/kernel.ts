/**
 * What a kernel is: WGSL text that never changes, and a function from a step to the constants, buffers and grid of one
 * dispatch. The constants become the prelude, which with the kernel's name is the cache key of the pipeline.
 */
import { readFileSync } from 'node:fs';
import type { Plan, Step, StepOp } from '../graph/plan.ts';
import { type Activation, unaryFunctions } from '../graph/plan-scalars.ts';
import { sizeOf } from '../graph/shapes.ts';
import { writtenOut } from './written-out.ts';

/** How numbers of a value lie in memory. Arithmetic is float32 either way. */
export type Storage = 'f32' | 'f16';

/** Numbers and switches become constants of the prelude, a storage an alias of that type. */
export type Constants = Readonly<Record<string, number | boolean | Storage>>;

export interface Kernel {
  /** `op/how`. */
  readonly name: string;
  /** The kernel's own text, written out; errors are reported with its line numbers. */
  readonly source: string;
  /** Shared WGSL put before it. */
  readonly library: string;
  /** WGSL directives, which stand before everything else. */
  readonly directives: readonly string[];
}

/** A weight as float16 matrix `[rows, columns]`, filled up with zeros to the padded size. */
export interface HalfMatrix {
  readonly weight: string;
  readonly rows: number;
  readonly columns: number;
  readonly paddedRows: number;
  readonly paddedColumns: number;
}

/** Rows of a weight that is too large to be bound whole: its numbers `from` to `to`. */
export interface WeightRows {
  readonly weight: string;
  readonly from: number;
  readonly to: number;
}

export type BufferReference =
  | { readonly value: number }
  | { readonly weight: string }
  | { readonly halves: HalfMatrix }
  | { readonly rows: WeightRows }
  /** So many float32 numbers between the dispatches of one step; the next step may overwrite them. */
  | { readonly scratch: number }
  | 'zero';
export type Grid = readonly [x: number, y: number, z: number];

/**
 * Binding 0 is the run's uniform (`items`); bindings 1 and up are `bindings` in order, the last one written. A kernel that
 * declares binding i as `array<Ti>` (`array<T1>`, …) works in either storage: it reads `f32(x[at])` and writes `Ti(number)`.
 */
export interface Dispatch {
  readonly kernel: Kernel;
  readonly constants: Constants;
  readonly bindings: readonly BufferReference[];
  /** Bindings of values that the kernel takes in either storage by means of its own. */
  readonly eitherStorage?: readonly number[];
  /** Words of the run's uniform after `items` and `zero`, at most 14: what differs from layer to layer without a variant of its own. */
  readonly parameters?: readonly number[];
  grid(items: number): Grid;
}

export type StepOf<Op extends StepOp> = Extract<Step, { op: Op }>;

/** Products `side`x`side`x`side` that a subgroup of `subgroup` threads makes in one instruction. */
export interface MatrixUnit {
  readonly side: 8 | 16;
  readonly subgroup: 8 | 32;
}
/** 16x16x16 by subgroups of 32 is what NVIDIA's GPUs offer; 8x8x8 by subgroups of 8 what lavapipe does since Mesa 26. */
export const matrixUnits: readonly MatrixUnit[] = [
  { side: 16, subgroup: 32 },
  { side: 8, subgroup: 8 },
];
/** Constants of every kernel that has a twin on matrix instructions; its emulated twin walks tiles as 16x16 would. */
export const matrixConstants = ({ matrices = matrixUnits[0]! }: Target): Constants => ({
  MATRIX: matrices.side,
  SUBGROUP: matrices.subgroup,
});
/** Of kernels that make halves of their own, whatever they read and write. */
export const halfDirectives: readonly string[] = ['enable f16;'];
export const matrixDirective = 'enable chromium_experimental_subgroup_matrix;';
export const matrixDirectives: readonly string[] = [
  ...halfDirectives,
  'enable subgroups;',
  'enable subgroup_size_control;',
  matrixDirective,
  // Offsets come from the subgroup's number, which is the same for all its lanes but not proven so.
  'diagnostic(off, chromium.subgroup_matrix_uniformity);',
];

/** What a kernel may count on beyond the guarantees of WebGPU. */
export interface Target {
  readonly precision: Storage;
  /** Products of float16 matrices, summed in float32; absent where the adapter has none that kernels are written for. */
  readonly matrices?: MatrixUnit;
  readonly workgroupBytes: number;
  readonly workgroupThreads: number;
  /** Largest buffer that a kernel sees at once. */
  readonly bindingBytes: number;
  /** Loops stay rolled: a compiler on the CPU takes many seconds over a large kernel. */
  readonly rolled: boolean;
  /** Choices that were measured on this adapter, by rows, columns and inner dimension of a half-precision product: see `half-tiles.ts`. */
  readonly tuned?: Readonly<Record<string, string>>;
  /** Tests and tuning only: the choice for every half-precision product. */
  readonly tile?: string;
}

/** What every WebGPU adapter has. */
export const guaranteedTarget: Target = {
  precision: 'f32',
  workgroupBytes: 16384,
  workgroupThreads: 256,
  bindingBytes: 134_217_728,
  rolled: false,
};

export interface StepShapes {
  value(id: number): readonly number[];
  weight(name: string): readonly number[];
  readonly batch: number;
  readonly target: Target;
  storage(id: number): Storage;
}
export type KernelPlanner<Op extends StepOp> = (step: StepOf<Op>, shapes: StepShapes) => Dispatch | readonly Dispatch[];

const text = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8');

/** Loads `kernels/<folder>/<file>.wgsl` and the parts of `kernels/_lib` that it uses; `counts` are of what it has written out. */
export function loadKernel(
  folder: string,
  file: string,
  uses: readonly string[] = [],
  directives: readonly string[] = [],
  counts: Readonly<Record<string, number>> = {},
): Kernel {
  return {
    directives,
    name: `${folder}/${file}`,
    source: writtenOut(text(`./${folder}/${file}.wgsl`), counts),
    library: uses.map((name) => text(`./_lib/${name}.wgsl`)).join('\n'),
  };
}

/** Guaranteed by every WebGPU adapter. */
export const maxWorkgroupsPerDimension = 65535;
export const flatWorkgroup = 64;

/** One thread for each of `threads`, in workgroups of 64, spread over two dimensions where one is too short. */
export function flatGrid(threads: number): Grid {
  const groups = Math.ceil(threads / flatWorkgroup);
  const x = Math.min(groups, maxWorkgroupsPerDimension);
  return x === 0 ? [0, 1, 1] : [x, Math.ceil(groups / x), 1];
}

/** Threads for every element of the output of every item. */
export const elementGrid =
  (shape: readonly number[]) =>
  (items: number): Grid =>
    flatGrid(items * sizeOf(shape));

export const orZero = (weight: string | undefined): BufferReference => (weight === undefined ? 'zero' : { weight });
export const valueOrZero = (value: number | undefined): BufferReference => (value === undefined ? 'zero' : { value });
export const valueOrWeight = (value: number | undefined, weight: string | undefined): BufferReference =>
  value === undefined ? { weight: weight! } : { value };

/** Constants of `_lib/activation.wgsl`. */
export const activationConstants = ({ kind, min, max, alpha = 0, beta = 0 }: Activation): Constants => ({
  ACTIVATION: kind === 'none' ? 0 : unaryFunctions.indexOf(kind) + 1,
  ACTIVATION_A: min ?? alpha,
  ACTIVATION_B: max ?? beta,
});

export const maxRank = 6;

/** `NAME0` … `NAME5`, filled up at the front. */
export const rankConstants = (name: string, list: readonly number[], fill: number): Constants =>
  Object.fromEntries(
    [...new Array<number>(maxRank - list.length).fill(fill), ...list].map((entry, index) => [`${name}${index}`, entry]),
  );

export const shapesOf = (
  plan: Plan,
  target: Target = guaranteedTarget,
  storage: (id: number) => Storage = () => 'f32',
): StepShapes => {
  const weights = new Map(plan.weights.map(({ name, shape }) => [name, shape]));
  return {
    value: (id) => plan.values[id]!.shape,
    weight: (name) => weights.get(name)!,
    batch: plan.batch,
    target,
    storage,
  };
};
