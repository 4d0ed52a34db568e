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
import { type Constants, flatWorkgroup, type Kernel, loadKernel } from '../kernel.ts';

const load = (file: string, ...uses: readonly string[]): Kernel =>
  loadKernel('image', file, ['flat-index', 'image', ...uses]);
const kernels = {
  gather: load('gather'),
  'fixed-taps': load('fixed-taps'),
  'float-taps': load('float-taps'),
  'opencv-linear': load('opencv-linear'),
  'opencv-blocks': load('opencv-blocks'),
  pixel: load('pixel'),
  noise: load('noise', 'counter-hash'),
  lerp: load('lerp'),
  normalise: load('normalise'),
  value: load('value'),
  npr: load('npr'),
  stencil: load('stencil'),
  'group-mean': load('group-mean'),
} as const satisfies Partial<Record<StageOp, Kernel>>;
/** Stages that take several kernels, with words between them that are no image. */
const jpegBlocks = load('jpeg-blocks', 'jpeg');
const jpegPixels = load('jpeg-pixels', 'jpeg');
const patchTiles = load('patch-tiles');
const patchScores = load('patch-scores');
const patchOrder = load('patch-order');
const patchPlace = load('patch-place');
const dftRows = load('dft-rows');
const dftPower = load('dft-power');
const fftRows = load('fft-rows', 'fft');
const fftPower = load('fft-power', 'fft');
/** Twice so many complex numbers are what every adapter has as workgroup memory. */
const longestFft = 1024;

/** Functions in the order of the switches in the kernels. A word has room for alpha, so that dropping it is no work. */
const pixelFunctions: readonly PixelFunction[] = ['premultiply', 'unpremultiply', 'grey', 'bgr'];
const valueFunctions: readonly ValueFunction[] = ['round', 'log'];

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
  /** Where they are not one for each pixel of the output. */
  readonly threads?: number;
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
    .flatMap((stage, index) => dispatchesOf(stage, index === 0 ? image.channels : 4));
  cache.set(stages, dispatches);
  return dispatches;
}

type Form = Pick<ImageDispatch, 'from' | 'to'>;

/** `bytes`: how a source of bytes lies in memory, 3 or 4 of them a pixel. */
function dispatchOf(kernel: Kernel, { from, to }: Form, bytes: number, { constants = {}, ...own }: Own): ImageDispatch {
  const sizes = { SOURCE_CHANNELS: from.isFloat ? 0 : bytes, CHANNELS: from.channels, OUT_CHANNELS: to.channels };
  const defaults = { left: 0, top: 0, tableWidth: 0, tableHeight: 0, rowByRow: false };
  return { kernel, constants: { ...sizes, ...constants }, from, to, ...defaults, ...own };
}

function dispatchesOf(stage: Stage, bytes: number): ImageDispatch[] {
  if (stage.op === 'jpeg') return jpegDispatches(stage, bytes);
  if (stage.op === 'patches') return patchDispatches(stage, bytes);
  if (stage.op === 'power-spectrum') return spectrumDispatches(stage, bytes);
  return [dispatchOf(kernels[stage.op], stage, bytes, ownOf(stage))];
}

/** Room for words between two kernels; packed pixels to whoever loads them as such. */
const words = (count: number): Format => ({ width: count, height: 1, channels: 3, isFloat: false });

function jpegDispatches(stage: StageOf<'jpeg'>, bytes: number): ImageDispatch[] {
  const { width, height } = stage.from;
  const blocks = (w: number, h: number): number => Math.ceil(w / 8) * Math.ceil(h / 8);
  const half = stage.subsampled ? 2 : 1;
  const count = blocks(width, height) + 2 * blocks(Math.ceil(width / half), Math.ceil(height / half));
  const constants = { SUBSAMPLED: stage.subsampled };
  const planes = words(count * 64);
  const table = joined([stage.luma, stage.chroma]);
  return [
    dispatchOf(jpegBlocks, { from: stage.from, to: planes }, bytes, { constants, table, threads: count * 8 }),
    dispatchOf(jpegPixels, { from: planes, to: stage.to }, 4, { constants }),
  ];
}

function patchDispatches(stage: StageOf<'patches'>, bytes: number): ImageDispatch[] {
  const count = stage.x.length;
  const size = { left: stage.size, top: count };
  const tiles = { ...words(stage.size * stage.size * count + count), channels: stage.from.channels };
  const own = { ...size, threads: tiles.width };
  return [
    dispatchOf(patchTiles, { from: stage.from, to: tiles }, bytes, { ...own, table: joined([stage.x, stage.y]) }),
    dispatchOf(patchScores, { from: tiles, to: tiles }, 4, own),
    dispatchOf(patchOrder, { from: tiles, to: tiles }, 4, { ...own, constants: { RICH: stage.keep === 'rich' } }),
    dispatchOf(patchPlace, { from: tiles, to: stage.to }, 4, size),
  ];
}

function spectrumDispatches({ from, to }: StageOf<'power-spectrum'>, bytes: number): ImageDispatch[] {
  const complex = { ...from, channels: from.channels * 2, isFloat: true };
  const turns = (length: number): Int32Array => {
    const angles = Array.from({ length }, (_, i) => (2 * Math.PI * i) / length);
    return bits([...angles.map(Math.cos), ...angles.map(Math.sin)]);
  };
  // A workgroup a line where its length is a power of two, else a thread a result.
  const isFast = (length: number): boolean => length <= longestFft && Number.isInteger(Math.log2(length));
  const fast = (length: number, lines: number): Own => ({ table: turns(length), threads: lines * flatWorkgroup, constants: { LONGEST: longestFft } }); // biome-ignore format: one list
  const { width, height } = from;
  return [
    isFast(width)
      ? dispatchOf(fftRows, { from, to: complex }, bytes, fast(width, height))
      : dispatchOf(dftRows, { from, to: complex }, bytes, { table: turns(width) }),
    isFast(height)
      ? dispatchOf(fftPower, { from: complex, to }, bytes, fast(height, width))
      : dispatchOf(dftPower, { from: complex, to }, bytes, { table: turns(height) }),
  ];
}

type StageOf<Op extends StageOp> = Extract<Stage, { op: Op }>;
type Own = Partial<
  Pick<ImageDispatch, 'constants' | 'left' | 'top' | 'tableWidth' | 'tableHeight' | 'table' | 'rowByRow' | 'threads'>
>;

function ownOf(stage: StageOf<keyof typeof kernels>): Own {
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
      return { constants: { FUNCTION: valueFunctions.indexOf(stage.how) }, table: bits([stage.epsilon]) };
    case 'noise':
      return { left: stage.seed | 0, table: stage.table };
    case 'npr':
      return {};
    case 'stencil':
      return { left: stage.size, constants: { SUMS: stage.sumsChannels }, table: joined([stage.kernels]) };
    case 'group-mean':
      return { table: joined([stage.starts, stage.places]) };
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
