/**
 * conv2d without groups and gemm in half precision: operands float16, sums float32, on matrix instructions where the
 * adapter has them, else the same tile with float32 arithmetic. See `_lib/half-product.wgsl`.
 */
import { sizeOf } from '../../graph/shapes.ts';
import {
  activationConstants,
  type Dispatch,
  type Grid,
  type Kernel,
  loadKernel,
  matrixConstants,
  matrixDirectives,
  maxWorkgroupsPerDimension,
  orZero,
  type StepOf,
  type StepShapes,
  type Target,
  valueOrZero,
} from '../kernel.ts';

interface Tile {
  readonly rows: number;
  readonly columns: number;
  /** Matrices in a row and in a column of the block that one subgroup makes. */
  readonly across: 2 | 4;
}

export const tiles = {
  small: { rows: 64, columns: 64, across: 2 },
  medium: { rows: 128, columns: 128, across: 4 },
  large: { rows: 256, columns: 128, across: 4 },
} as const satisfies Record<string, Tile>;
export type TileName = keyof typeof tiles;

/** Halves of the inner dimension that are staged at once. */
const slice = 32;
/** 16-byte words of a staged row: 4 of halves and 1 that shifts the banks. */
const rowWords = 5;
/** Workgroups below which a smaller tile keeps more of a large GPU busy; an H100 has 132 units. */
const enoughWorkgroups = 132;

/** A subgroup to a block: as many for matrices of 16x16 by 32 threads as for 8x8 by 8. */
const threadsOf = ({ rows, columns, across }: Tile): number => (rows * columns) / (8 * across ** 2);

/** Staged operands, or the first rows of matrices of every block in float32, whichever is more. */
const stagedWords = ({ rows, columns, across }: Tile): number =>
  Math.max((rows + columns) * rowWords, (rows / across) * (columns / 4));

const fits = (tile: Tile, target: Target): boolean =>
  stagedWords(tile) * 16 <= target.workgroupBytes && threadsOf(tile) <= target.workgroupThreads;

/**
 * The largest tile that the target holds and that still makes work for the whole GPU, by the batch of the plan and not of the
 * run, so that an item's sums do not depend on its company. Without matrix instructions a thread keeps its sums in
 * registers of its own, and only the small tile leaves enough of them.
 */
export function tileOf(rows: number, columns: number, target: Target): Tile {
  if (target.tile !== undefined) return tiles[target.tile as TileName];
  if (target.matrices === undefined) return tiles.small;
  const workgroups = (tile: Tile): number => Math.ceil(rows / tile.rows) * Math.ceil(columns / tile.columns);
  const good = [tiles.large, tiles.medium].find((tile) => fits(tile, target) && workgroups(tile) >= enoughWorkgroups);
  return good ?? tiles.small;
}

const ways = ['packed', 'each'] as const;
type Way = (typeof ways)[number];

/** Every kernel by its twin and by how it reads x and writes y, each loaded once. */
const kernels = new Map<string, Kernel>();
const twins = { 2: 'matrix-2x2', 4: 'matrix-4x4' } as const;
function kernelOf(twin: 'emulated' | 'matrix-2x2' | 'matrix-4x4', patch: Way, finish: Way): Kernel {
  const name = `half-${twin}-${patch}-${finish}`;
  const known = kernels.get(name);
  if (known !== undefined) return known;
  const parts = ['rolled', 'patches', 'half-product', `half-patch-${patch}`, 'activation', `half-finish-${finish}`];
  const kernel = loadKernel('conv2d', `half-${twin}`, parts, twin === 'emulated' ? [] : matrixDirectives);
  const named = { ...kernel, name: `conv2d/${name}` };
  kernels.set(name, named);
  return named;
}

/** `parameters` are the sizes of `Run`, those of `_lib/patches.wgsl`. */
export function halfProduct(
  step: StepOf<'conv2d'> | StepOf<'gemm'>,
  shapes: StepShapes,
  parameters: readonly number[],
  isPointwise: boolean,
): Dispatch {
  const { target } = shapes;
  const channels = shapes.value(step.x).at(-1)!;
  const output = shapes.value(step.output);
  const columns = output.at(-1)!;
  const rowsPerItem = sizeOf(output) / columns;
  const inner = sizeOf(shapes.weight(step.weight).slice(1));
  const tile = tileOf(rowsPerItem * shapes.batch, columns, target);
  const wayOf = (value: number, width: number): Way =>
    shapes.storage(value) === 'f16' && width % 8 === 0 ? 'packed' : 'each';
  const twin = target.matrices ? twins[tile.across] : 'emulated';
  const matrix = matrixConstants(target);
  const written = [step.output, ...(step.residual === undefined ? [] : [step.residual])];
  const finish = written.every((value) => wayOf(value, columns) === 'packed') ? 'packed' : 'each';
  const halves = {
    weight: step.weight,
    rows: columns,
    columns: inner,
    paddedRows: Math.ceil(columns / tile.columns) * tile.columns,
    paddedColumns: Math.ceil(inner / slice) * slice,
  };
  return {
    kernel: kernelOf(twin, wayOf(step.x, channels), finish),
    constants: {
      ...activationConstants(step.activation),
      HAS_BIAS: step.bias !== undefined,
      HAS_RESIDUAL: step.residual !== undefined,
      POINTWISE: isPointwise,
      TILE_ROWS: tile.rows,
      TILE_COLUMNS: tile.columns,
      BLOCK: tile.across * Number(matrix['MATRIX']),
      ...matrix,
      THREADS: threadsOf(tile),
      STAGED: stagedWords(tile),
      ROLLED: target.rolled,
    },
    parameters,
    bindings: [{ value: step.x }, { halves }, orZero(step.bias), valueOrZero(step.residual), { value: step.output }],
    eitherStorage: [1, 4, 5],
    grid: (items) => tileGrid(Math.ceil((items * rowsPerItem) / tile.rows) * Math.ceil(columns / tile.columns)),
  };
}

function tileGrid(count: number): Grid {
  const x = Math.min(count, maxWorkgroupsPerDimension);
  return x === 0 ? [0, 1, 1] : [x, Math.ceil(count / x), 1];
}
