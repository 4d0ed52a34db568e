/** From a recipe and the size of one image to the kernels that prepare it: pure, so that it is tested without a GPU. */
import type { ImageRecipe } from '@diptych/plugin-kit';
import { RecipeFault } from '../../image-ops/geometry.ts';
import { type ImageShape, lowerRecipe } from '../../image-ops/lower-recipe.ts';
import type {
  FixedTable,
  Format,
  LinearTable,
  PixelFunction,
  Stage,
  StageOp,
  Taps,
  ValueFunction,
} from '../../image-ops/stages.ts';
import { type Constants, type Kernel, loadKernel } from '../kernel.ts';

const load = (file: string): Kernel => loadKernel('image', file, ['flat-index', 'image']);
const kernels: Readonly<Record<StageOp, Kernel>> = {
  gather: load('gather'),
  'fixed-taps': load('fixed-taps'),
  'float-taps': load('float-taps'),
  'opencv-linear': load('opencv-linear'),
  'opencv-blocks': load('opencv-blocks'),
  pixel: load('pixel'),
  lerp: load('lerp'),
  normalise: load('normalise'),
  value: load('value'),
};
/** Functions in the order of the switches in the kernels. A word has room for alpha, so that dropping it is no work. */
const pixelFunctions: readonly PixelFunction[] = ['premultiply', 'unpremultiply', 'grey', 'bgr'];
const valueFunctions: readonly ValueFunction[] = ['round'];

export interface ImageDispatch {
  readonly kernel: Kernel;
  readonly constants: Constants;
  readonly from: Format;
  readonly to: Format;
  /** The kernel's own parameters. */
  readonly left: number;
  readonly top: number;
  readonly tableWidth: number;
  readonly tableHeight: number;
  /** Shared by images of the same size: the same array. */
  readonly table?: Int32Array;
  /** Each row of the output needs one row of the source, so that an image can come in bands of rows from `top`. */
  readonly rowByRow: boolean;
}

/** Every kernel and variant that a recipe can need, for compiling ahead. */
export function imageVariants(recipe: ImageRecipe): { readonly kernel: Kernel; readonly constants: Constants }[] {
  const sizes = [
    { width: 3, height: 5 },
    { width: 2000, height: 1999 },
  ];
  const all = sizes.flatMap((size) =>
    ([3, 4] as const).flatMap((channels) => possibleDispatches(recipe, { ...size, channels })),
  );
  return all.map(({ kernel, constants }) => ({ kernel, constants }));
}

/** None where the recipe refuses images of this size. */
function possibleDispatches(recipe: ImageRecipe, image: ImageShape): readonly ImageDispatch[] {
  try {
    return imageDispatches(recipe, image);
  } catch (error) {
    if (error instanceof RecipeFault) return [];
    throw error;
  }
}

const cache = new WeakMap<readonly Stage[], readonly ImageDispatch[]>();

export function imageDispatches(recipe: ImageRecipe, image: ImageShape): readonly ImageDispatch[] {
  const stages = lowerRecipe(recipe, image);
  const known = cache.get(stages);
  if (known !== undefined) return known;
  const dispatches = stages
    .filter((stage) => !(stage.op === 'pixel' && stage.how === 'drop-alpha'))
    .map((stage, index) => dispatchOf(stage, index === 0 ? image.channels : 4));
  cache.set(stages, dispatches);
  return dispatches;
}

function dispatchOf(stage: Stage, bytes: number): ImageDispatch {
  const { constants = {}, ...own } = ownOf(stage);
  return {
    kernel: kernels[stage.op],
    constants: { SOURCE_CHANNELS: stage.from.isFloat ? 0 : bytes, CHANNELS: stage.to.channels, ...constants },
    from: stage.from,
    to: stage.to,
    left: 0,
    top: 0,
    tableWidth: 0,
    tableHeight: 0,
    rowByRow: false,
    ...own,
  };
}

type Own = Partial<Pick<ImageDispatch, 'constants' | 'left' | 'top' | 'tableWidth' | 'tableHeight' | 'table' | 'rowByRow'>>;

function ownOf(stage: Stage): Own {
  switch (stage.op) {
    case 'gather':
      return { left: stage.fill, table: joined([stage.x, stage.y]) };
    case 'fixed-taps':
      return tapsOf(stage, {});
    case 'float-taps':
      return tapsOf(stage, { TO_BYTES: stage.toBytes });
    case 'opencv-linear':
      return { table: joined([...fixedTables(stage.x), ...fixedTables(stage.y)]) };
    case 'opencv-blocks': {
      const { left, top, ratioX, ratioY } = stage;
      return { left, top, tableWidth: ratioX, tableHeight: ratioY, table: bits([1 / (ratioX * ratioY)]) };
    }
    case 'pixel':
      return { constants: { FUNCTION: pixelFunctions.indexOf(stage.how) } };
    case 'lerp':
      return { table: joined([...linearTables(stage.x), ...linearTables(stage.y)]) };
    case 'normalise':
      return { table: bits([stage.scale, ...stage.mean, ...stage.deviation]) };
    case 'value':
      return { constants: { FUNCTION: valueFunctions.indexOf(stage.how) } };
  }
}

function tapsOf(stage: { axis: 'x' | 'y'; taps: Taps; first: number }, constants: Constants): Own {
  const { stride, starts, counts, weights } = stage.taps;
  return {
    constants: { ALONG_X: stage.axis === 'x', ...constants },
    top: stage.first,
    tableWidth: stride,
    table: joined([starts, counts, weights]),
    rowByRow: stage.axis === 'x',
  };
}

const fixedTables = ({ lower, upper, lowerWeight, upperWeight }: FixedTable): Int32Array[] => [lower, upper, lowerWeight, upperWeight]; // biome-ignore format: the kernel's order
const linearTables = ({ lower, upper, fraction }: LinearTable): (Int32Array | Float32Array)[] => [lower, upper, fraction];

const bits = (values: readonly number[]): Int32Array => new Int32Array(Float32Array.from(values).buffer);

/** Tables one after another, floats as their bits. */
function joined(tables: readonly (Int32Array | Float32Array)[]): Int32Array {
  const all = new Int32Array(tables.reduce((length, table) => length + table.length, 0));
  let at = 0;
  for (const table of tables) {
    all.set(table instanceof Int32Array ? table : new Int32Array(table.buffer, table.byteOffset, table.length), at);
    at += table.length;
  }
  return all;
}
