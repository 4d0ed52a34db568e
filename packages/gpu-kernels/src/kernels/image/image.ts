/** From a recipe and the size of one image to the kernels that prepare it: pure, so that it is tested without a GPU. */
import type { ImageRecipe, RasterImage } from '@diptych/plugin-kit';
import { type PillowFilter, pillowCoefficients } from '../../image-ops/pillow-coefficients.ts';
import { normaliseOf, type ResolvedStep, resolveRecipe, type Size } from '../../image-ops/recipe-geometry.ts';
import { alignCornersTable } from '../../image-ops/tensorflow-resize.ts';
import { type Constants, type Kernel, loadKernel } from '../kernel.ts';

const horizontal = loadKernel('image', 'resize-horizontal', ['flat-index', 'image']);
const vertical = loadKernel('image', 'resize-vertical', ['flat-index', 'image']);
const crop = loadKernel('image', 'crop', ['flat-index', 'image']);
const normalise = loadKernel('image', 'normalise', ['flat-index', 'image', 'normalise']);
const alignCorners = loadKernel('image', 'align-corners', ['flat-index', 'image', 'normalise']);

export interface ImageDispatch {
  readonly kernel: Kernel;
  readonly constants: Constants;
  readonly source: Size;
  readonly output: Size;
  readonly left: number;
  readonly top: number;
  /** Key of a table, shared by images of the same size, and how to make it. */
  readonly table?: { readonly key: string; make(): Int32Array };
  readonly tableSize: Size;
  /** The last one writes float32 into the value of the plan; the others write packed pixels for the next. */
  readonly isLast: boolean;
}

/** Every kernel and variant that a recipe can need, for compiling ahead. */
export function imageVariants(recipe: ImageRecipe): { readonly kernel: Kernel; readonly constants: Constants }[] {
  const sizes = [
    { width: 3, height: 5 },
    { width: 2000, height: 1999 },
  ];
  const all = sizes.flatMap((size) =>
    ([3, 4] as const).flatMap((channels) => imageDispatches(recipe, { ...size, channels })),
  );
  return all.map(({ kernel, constants }) => ({ kernel, constants }));
}

export function imageDispatches(recipe: ImageRecipe, image: Size & Pick<RasterImage, 'channels'>): ImageDispatch[] {
  const steps = resolveRecipe(recipe, image);
  const dispatches: ImageDispatch[] = [];
  let current: Size = image;
  const add = (kernel: Kernel, output: Size, rest: Partial<ImageDispatch> = {}): void => {
    const constants = { SOURCE_CHANNELS: dispatches.length === 0 ? image.channels : 4, ...rest.constants };
    const defaults = { left: 0, top: 0, tableSize: { width: 0, height: 0 }, isLast: false };
    dispatches.push({ ...defaults, ...rest, kernel, constants, source: current, output });
    current = output;
  };
  while (steps.length > 0 && !endsIn(steps)) {
    const step = steps.shift()!;
    if (step.step === 'crop') add(crop, step, step);
    else if (step.filter !== 'tensorflow-align-corners') addPasses(add, current, step, step.filter);
  }
  const resize = steps.find((step) => step.step === 'resize');
  const window = steps.find((step) => step.step === 'crop') ?? { left: 0, top: 0, ...(resize ?? current) };
  const last = { constants: normaliseConstants(recipe), left: window.left, top: window.top, isLast: true };
  const output = { width: window.width, height: window.height };
  if (resize === undefined) add(normalise, output, last);
  else add(alignCorners, output, { ...last, table: alignCornersOf(current, resize), tableSize: resize });
  return dispatches;
}

/** True where the steps left fit the last kernel: at most a float32 resize and then at most a crop. */
function endsIn(steps: readonly ResolvedStep[]): boolean {
  const [first, second, third] = steps;
  if (first?.step === 'crop') return second === undefined;
  return (
    first?.filter === 'tensorflow-align-corners' && (second === undefined || second.step === 'crop') && third === undefined
  );
}

type Add = (kernel: Kernel, output: Size, rest?: Partial<ImageDispatch>) => void;

function addPasses(add: Add, { width, height }: Size, to: Size, filter: PillowFilter): void {
  const pass = (kernel: Kernel, output: Size, from: number, size: number): void => {
    const table = { key: `${filter} ${from} ${size}`, make: () => pillowTable(from, size, filter) };
    add(kernel, output, { table, tableSize: { width: pillowStride(from, size, filter), height: 0 } });
  };
  if (to.width !== width) pass(horizontal, { width: to.width, height }, width, to.width);
  if (to.height !== height) pass(vertical, { width: to.width, height: to.height }, height, to.height);
}

/** Row length of the weights, as `pillowCoefficients` lays them out. */
const pillowStride = (from: number, to: number, filter: PillowFilter): number =>
  Math.ceil((filter === 'pillow-bicubic' ? 2 : 1) * Math.max(1, from / to)) * 2 + 1;

function pillowTable(from: number, to: number, filter: PillowFilter): Int32Array {
  const { starts, counts, weights } = pillowCoefficients(from, to, filter);
  const table = new Int32Array(starts.length + counts.length + weights.length);
  table.set(starts);
  table.set(counts, starts.length);
  table.set(weights, starts.length + counts.length);
  return table;
}

const alignCornersOf = (from: Size, to: Size): NonNullable<ImageDispatch['table']> => ({
  key: `align-corners ${from.width} ${from.height} ${to.width} ${to.height}`,
  make: () => {
    const tables = [alignCornersTable(from.width, to.width), alignCornersTable(from.height, to.height)];
    const bits = ({ buffer }: Float32Array): Int32Array => new Int32Array(buffer);
    return Int32Array.from(tables.flatMap(({ lower, upper, fraction }) => [...lower, ...upper, ...bits(fraction)]));
  },
});

function normaliseConstants(recipe: ImageRecipe): Constants {
  const { scale, mean, deviation } = normaliseOf(recipe);
  const perChannel = (name: string, list: readonly number[]): [string, number][] =>
    list.map((value, c) => [`${name}${c}`, value]);
  return { SCALE: scale, ...Object.fromEntries([...perChannel('MEAN', mean), ...perChannel('DEVIATION', deviation)]) };
}
