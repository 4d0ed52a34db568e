/** conv2d without groups and gemm in float32: tiles in workgroup memory, and the inner dimension shared where tiles are few. */
import { sizeOf } from '../../graph/shapes.ts';
import {
  activationConstants,
  type Constants,
  type Dispatch,
  elementGrid,
  type Grid,
  type Kernel,
  loadKernel,
  maxWorkgroupsPerDimension,
  orZero,
  type StepOf,
  type StepShapes,
  type Target,
  valueOrZero,
} from '../kernel.ts';

const product = (patch: 'fours' | 'ones'): Kernel => ({
  ...loadKernel('conv2d', 'implicit-gemm', ['rolled', 'window-run', 'patches', `patch-${patch}`, 'activation']),
  name: `conv2d/implicit-gemm-${patch}`,
});
const kernels = { fours: product('fours'), ones: product('ones') };
export const addParts = loadKernel('conv2d', 'add-parts', ['window-run', 'flat-index', 'activation']);

/** Rows and columns of a tile; `wide` is asked for by name in tests. */
const [narrow, wide] = [64, 128];
/** Workgroups that keep a large GPU busy; an H100 has 132 units. */
const enoughWorkgroups = 132;
/** Of the inner dimension, below which a part would do more adding up than multiplying; and the most parts. */
const [shortestPart, mostParts] = [256, 8];
/** 16-byte words of both halves of the stage, 16 places of the inner dimension for x and weight each. */
const stagedWords = (side: number): number => 16 * side;

const tilesOf = (rows: number, columns: number, side: number): number => Math.ceil(rows / side) * Math.ceil(columns / side);

/** By the batch of the plan and not of the run, so that an item's sums do not depend on its company. */
function sideOf(rows: number, columns: number, { tile, rolled, workgroupBytes }: Target): number {
  if (tile === 'wide') return wide;
  const fits = stagedWords(wide) * 16 <= workgroupBytes && !rolled;
  return fits && tilesOf(rows, columns, wide) >= enoughWorkgroups ? wide : narrow;
}

/** How many workgroups share the inner dimension of a tile. */
export function partsOf(rows: number, columns: number, inner: number, side: number): number {
  const tiles = tilesOf(rows, columns, side);
  if (2 * tiles > enoughWorkgroups) return 1;
  return Math.max(1, Math.min(mostParts, Math.floor(inner / shortestPart), Math.floor(enoughWorkgroups / tiles)));
}

/** Tiles over rows in x (wrapped into z where there are too many), over columns and parts in y. */
const gridOf =
  (rowsPerItem: number, columns: number, side: number, parts: number) =>
  (items: number): Grid => {
    const tiles = Math.ceil((items * rowsPerItem) / side);
    const x = Math.max(1, Math.min(tiles, maxWorkgroupsPerDimension));
    return [x, Math.ceil(columns / side) * parts, Math.ceil(tiles / x)];
  };

/** `parameters` are the sizes of `Run`. */
export function fullProduct(
  step: StepOf<'conv2d'> | StepOf<'gemm'>,
  shapes: StepShapes,
  parameters: readonly number[],
  isPointwise: boolean,
): Dispatch | readonly Dispatch[] {
  const output = shapes.value(step.output);
  const columns = output.at(-1)!;
  const rowsPerItem = sizeOf(output) / columns;
  const rows = rowsPerItem * shapes.batch;
  const inner = sizeOf(shapes.weight(step.weight).slice(1));
  const side = sideOf(rows, columns, shapes.target);
  const parts = partsOf(rows, columns, inner, side);
  const after: Constants = {
    ...activationConstants(step.activation),
    HAS_BIAS: step.bias !== undefined,
    HAS_RESIDUAL: step.residual !== undefined,
    POINTWISE: isPointwise,
    PARTS: parts,
  };
  const own = { SIDE: side, STAGED: stagedWords(side), SPLIT: parts > 1, ROLLED: shapes.target.rolled };
  const kernel = shapes.value(step.x).at(-1)! % 4 === 0 ? kernels.fours : kernels.ones;
  const operands = [{ value: step.x }, { weight: step.weight }];
  const others = [orZero(step.bias), valueOrZero(step.residual)];
  const grid = gridOf(rowsPerItem, columns, side, parts);
  if (parts === 1) return { kernel, constants: { ...after, ...own }, parameters, bindings: [...operands, ...others, { value: step.output }], grid }; // biome-ignore format: one dispatch
  const scratch = { scratch: parts * rows * columns };
  // Without what follows the product, so that all shared products are one variant.
  const bare = { ...activationConstants({ kind: 'none' }), HAS_BIAS: false, HAS_RESIDUAL: false, POINTWISE: isPointwise, PARTS: parts }; // biome-ignore format: one list
  return [
    { kernel, constants: { ...bare, ...own }, parameters, bindings: [...operands, 'zero', 'zero', scratch], grid },
    { kernel: addParts, constants: after, parameters, bindings: [scratch, ...others, { value: step.output }], grid: elementGrid(output) },
  ]; // biome-ignore format: two dispatches
}
