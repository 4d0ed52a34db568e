/**
 * conv2d without groups and gemm in half precision: operands float16, sums float32, on matrix instructions where the
 * adapter has them, else the same tile with float32 arithmetic. See `_lib/half-product.wgsl`.
 */
import { sizeOf } from '../../graph/shapes.ts';
import {
  activationConstants,
  type Constants,
  type Dispatch,
  elementGrid,
  type Grid,
  type HalfMatrix,
  halfDirectives,
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
import { addParts } from './full-product.ts';
import { choiceOf, stagedWords, type Tile, threadsOf, tiles, weightSlice } from './half-tiles.ts';

type Way = 'packed' | 'each';
/** `full` writes sums that stay float32, four at a time. */
type End = Way | 'full' | 'parts';

/** Every kernel by its block of matrices, if it has any, and by how it reads x and writes y, each loaded once. */
const kernels = new Map<string, Kernel>();
function kernelOf(block: Tile | undefined, patch: Way, finish: End): Kernel {
  const name = `half-${block ? `matrix-${block.down}x${block.across}` : 'emulated'}-${patch}-${finish}`;
  const known = kernels.get(name);
  if (known !== undefined) return known;
  const inFours = finish === 'packed' || finish === 'full';
  const end = [`half-finish-${finish}`, ...(inFours ? ['half-finish-fours'] : [])];
  const parts = ['rolled', 'halves', 'window-run', `half-patch-${patch}`, 'half-product', 'activation', ...end];
  const kernel = block
    ? loadKernel('conv2d', 'half-matrix', ['matrices', ...parts], matrixDirectives, {
        DOWN: block.down,
        ACROSS: block.across,
      })
    : loadKernel('conv2d', 'half-emulated', parts, halfDirectives);
  const named = { ...kernel, name: `conv2d/${name}` };
  kernels.set(name, named);
  return named;
}

/** Whether that kernel is one of these: products of single rows stay float32 in half precision. */
export const isHalfProduct = ({ name }: Kernel): boolean => name.startsWith('conv2d/half-');

/** `parameters` are the sizes of `Run`, those of `_lib/window-run.wgsl`. */
export function halfProduct(
  step: StepOf<'conv2d'> | StepOf<'gemm'>,
  shapes: StepShapes,
  parameters: readonly number[],
  isPointwise: boolean,
): Dispatch | readonly Dispatch[] {
  const output = shapes.value(step.output);
  const columns = output.at(-1)!;
  const rowsPerItem = sizeOf(output) / columns;
  const inner = sizeOf(shapes.weight(step.weight).slice(1));
  const rows = rowsPerItem * shapes.batch;
  const choice = choiceOf([rows, columns, inner], shapes.target);
  const { parts } = choice;
  const tile = tiles[choice.name];
  const wayOf = (value: number, width: number): Way =>
    shapes.storage(value) === 'f16' && width % 8 === 0 ? 'packed' : 'each';
  const patch = wayOf(step.x, shapes.value(step.x).at(-1)!);
  const written = [step.output, ...(step.residual === undefined ? [] : [step.residual])];
  const areFull = columns % 4 === 0 && written.every((value) => shapes.storage(value) === 'f32');
  const arePacked = written.every((value) => wayOf(value, columns) === 'packed');
  const finish = areFull ? 'full' : arePacked ? 'packed' : 'each';
  const halves = halvesOf(step.weight, columns, inner, tile);
  const after: Constants = {
    ...activationConstants(step.activation),
    HAS_BIAS: step.bias !== undefined,
    HAS_RESIDUAL: step.residual !== undefined,
    PARTS: parts,
  };
  const own = { ...tileConstants(tile, choice.buffers, shapes.target), POINTWISE: isPointwise };
  const kernel = (end: End): Kernel => kernelOf(shapes.target.matrices && tile, patch, end);
  const others = [orZero(step.bias), valueOrZero(step.residual)];
  const grid = (items: number): Grid =>
    tileGrid(Math.ceil((items * rowsPerItem) / tile.rows) * Math.ceil(columns / tile.columns) * parts);
  if (parts === 1) {
    const bindings = [{ value: step.x }, { halves }, ...others, { value: step.output }];
    return { kernel: kernel(finish), constants: { ...after, ...own }, parameters, bindings, eitherStorage: [1, 4, 5], grid };
  }
  const scratch = { scratch: parts * rows * columns };
  // Without what follows the product, so that all shared products are one variant.
  const bare = { ...activationConstants({ kind: 'none' }), HAS_BIAS: false, HAS_RESIDUAL: false, PARTS: parts, ...own };
  return [
    { kernel: kernel('parts'), constants: bare, parameters, bindings: [{ value: step.x }, { halves }, 'zero', 'zero', scratch], eitherStorage: [1], grid },
    { kernel: addParts, constants: after, parameters, bindings: [scratch, ...others, { value: step.output }], grid: elementGrid(output) },
  ]; // biome-ignore format: two dispatches
}

const halvesOf = (weight: string, rows: number, columns: number, tile: Tile): HalfMatrix => ({
  weight,
  rows,
  columns,
  paddedRows: Math.ceil(rows / tile.columns) * tile.columns,
  paddedColumns: Math.ceil(columns / weightSlice) * weightSlice,
});

function tileConstants(tile: Tile, buffers: number, target: Target): Constants {
  const matrix = matrixConstants(target);
  const side = Number(matrix['MATRIX']);
  return {
    TILE_ROWS: tile.rows,
    TILE_COLUMNS: tile.columns,
    BLOCK_HEIGHT: tile.down * side,
    BLOCK_WIDTH: tile.across * side,
    ...matrix,
    THREADS: threadsOf(tile),
    STAGED: stagedWords(tile, buffers),
    SLICE_WORDS: tile.slice / 8,
    BUFFERS: buffers,
    ROLLED: target.rolled,
  };
}

function tileGrid(count: number): Grid {
  const x = Math.min(count, maxWorkgroupsPerDimension);
  return x === 0 ? [0, 1, 1] : [x, Math.ceil(count / x), 1];
}
