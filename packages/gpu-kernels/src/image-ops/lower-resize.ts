/** From a resize to the stages that compute the part of it which the next step keeps. */
import type { ResizeFilter } from '@diptych/plugin-kit';
import { cropMap, opencvNearestMap, pillowNearestMap, torchNearestMap } from './axis-maps.ts';
import { alignCornersTable, antialiasTaps, bicubicTaps, bilinearTaps, halfPixelTable } from './float-tables.ts';
import { areaTaps, fixedTable } from './opencv-tables.ts';
import { type PillowFilter, pillowCoefficients } from './pillow-coefficients.ts';
import type { Size } from './pixels.ts';
import type { Format, Maps, StageKind, Taps } from './stages.ts';

/** Part of a resized image. */
export interface Window extends Size {
  readonly left: number;
  readonly top: number;
}
/** Appends a stage; gives the format after it. */
export type Append = (stage: StageKind, to: Partial<Format>) => Format;

const gatherWindow = (format: Format, { left, top, width, height }: Window, append: Append): Format =>
  append(
    { op: 'gather', x: cropMap(format.width, left, width), y: cropMap(format.height, top, height), fill: 0 },
    { width, height },
  );

function nearest(
  map: (input: number, output: number) => Int32Array,
  format: Format,
  size: Size,
  { left, top, width, height }: Window,
  append: Append,
): void {
  const maps: Maps = {
    x: map(format.width, size.width).subarray(left, left + width),
    y: map(format.height, size.height).subarray(top, top + height),
    fill: 0,
  };
  append({ op: 'gather', ...maps }, { width, height });
}

type Table<T> = (input: number, output: number, start: number, length: number) => T;

function lerp(
  table: typeof alignCornersTable,
  format: Format,
  size: Size,
  { left, top, width, height }: Window,
  append: Append,
): void {
  const x = table(format.width, size.width, left, width);
  append({ op: 'lerp', x, y: table(format.height, size.height, top, height) }, { width, height, isFloat: true });
}

/** Pillow weighs RGBA colours by their alpha: premultiplied before, divided back after. */
function pillow(filter: PillowFilter, format: Format, size: Size, window: Window, append: Append): void {
  const table: Table<Taps<Int32Array>> = (input, output, start, length) =>
    pillowCoefficients(input, output, filter, start, length);
  const hasAlpha = format.channels === 4;
  const start = hasAlpha ? append({ op: 'pixel', how: 'premultiply' }, {}) : format;
  passes(table, start, size, window, append, (pass) => append({ op: 'fixed-taps', ...pass }, sizeOf(pass.to)));
  if (hasAlpha) append({ op: 'pixel', how: 'unpremultiply' }, {});
}

const floatPasses = (
  table: Table<Taps<Float32Array>>,
  format: Format,
  size: Size,
  window: Window,
  append: Append,
  bytes = false,
): void =>
  passes(table, format, size, window, append, ({ to, ...pass }, isLast) =>
    append({ op: 'float-taps', ...pass, toBytes: bytes && isLast }, { ...sizeOf(to), isFloat: !(bytes && isLast) }),
  );

const sizeOf = ({ width, height }: Size): Size => ({ width, height });

interface Pass<Weights extends Int32Array | Float32Array> {
  readonly axis: 'x' | 'y';
  readonly taps: Taps<Weights>;
  readonly first: number;
  readonly to: Size;
}

/** Along x, then along y; a pass that would not change the size is left out, and so are rows that the second does not read. */
function passes<Weights extends Int32Array | Float32Array>(
  table: Table<Taps<Weights>>,
  format: Format,
  size: Size,
  window: Window,
  append: Append,
  add: (pass: Pass<Weights>, isLast: boolean) => void,
): void {
  const down = size.height === format.height ? undefined : table(format.height, size.height, window.top, window.height);
  const [first, end] = down === undefined ? [window.top, window.top + window.height] : reach(down);
  const between = { width: window.width, height: end - first };
  if (size.width !== format.width) {
    const taps = table(format.width, size.width, window.left, window.width);
    add({ axis: 'x', taps, first, to: between }, down === undefined);
  } else if (between.width !== format.width || between.height !== format.height)
    gatherWindow(format, { left: window.left, top: first, ...between }, append);
  if (down === undefined) return;
  const taps = { ...down, starts: down.starts.map((start) => start - first) };
  add({ axis: 'y', taps, first: 0, to: window }, true);
}

/** Inputs that any output reads: from the first to behind the last. */
const reach = ({ starts, counts }: Taps): readonly [first: number, end: number] => [
  starts.reduce((least, start) => Math.min(least, start), Number.MAX_SAFE_INTEGER),
  starts.reduce((most, start, index) => Math.max(most, start + counts[index]!), 0),
];

function opencv(isArea: boolean, format: Format, size: Size, window: Window, append: Append): void {
  const { left, top, width, height } = window;
  const [ratioX, ratioY] = [1 / (size.width / format.width), 1 / (size.height / format.height)];
  const isWhole = (ratio: number): boolean => Math.abs(ratio - Math.round(ratio)) < Number.EPSILON;
  const shrinks = isArea && ratioX >= 1 && ratioY >= 1;
  if ((shrinks && isWhole(ratioX) && isWhole(ratioY)) || (ratioX === 2 && ratioY === 2)) {
    append({ op: 'opencv-blocks', ratioX: Math.round(ratioX), ratioY: Math.round(ratioY), left, top }, { width, height });
  } else if (shrinks) floatPasses(areaTaps, format, size, window, append, true);
  else {
    const x = fixedTable(format.width, size.width, { axis: 'x', area: isArea, start: left, length: width });
    const y = fixedTable(format.height, size.height, { axis: 'y', area: isArea, start: top, length: height });
    append({ op: 'opencv-linear', x, y }, { width, height });
  }
}

type Lower = (format: Format, size: Size, window: Window, append: Append) => void;

const byNearest =
  (map: (input: number, output: number) => Int32Array): Lower =>
  (...rest) =>
    nearest(map, ...rest);
const byTaps =
  (table: Table<Taps<Float32Array>>): Lower =>
  (...rest) =>
    floatPasses(table, ...rest);
const byPillow =
  (filter: PillowFilter): Lower =>
  (...rest) =>
    pillow(filter, ...rest);

const lowerings: Readonly<Record<ResizeFilter, Lower>> = {
  'pillow-nearest': byNearest(pillowNearestMap),
  'pillow-box': byPillow('pillow-box'),
  'pillow-bilinear': byPillow('pillow-bilinear'),
  'pillow-hamming': byPillow('pillow-hamming'),
  'pillow-bicubic': byPillow('pillow-bicubic'),
  'pillow-lanczos': byPillow('pillow-lanczos'),
  'opencv-nearest': byNearest(opencvNearestMap),
  'opencv-bilinear': (...rest) => opencv(false, ...rest),
  'opencv-area': (...rest) => opencv(true, ...rest),
  'torch-nearest': byNearest((input, output) => torchNearestMap(input, output, 0)),
  'torch-nearest-exact': byNearest((input, output) => torchNearestMap(input, output, 0.5)),
  'torch-bilinear': byTaps(bilinearTaps),
  'torch-bicubic': byTaps(bicubicTaps),
  'torch-bilinear-antialias': byTaps((input, output, ...rest) => antialiasTaps(input, output, 'bilinear', ...rest)),
  'torch-bicubic-antialias': byTaps((input, output, ...rest) => antialiasTaps(input, output, 'bicubic', ...rest)),
  'tensorflow-align-corners': (...rest) => lerp(alignCornersTable, ...rest),
  'tensorflow-half-pixel': (...rest) => lerp(halfPixelTable, ...rest),
};

/** The window of the image resized to `size`. */
export function lowerResize(format: Format, filter: ResizeFilter, size: Size, window: Window, append: Append): void {
  if (format.width !== size.width || format.height !== size.height) lowerings[filter](format, size, window, append);
  else if (window.width !== size.width || window.height !== size.height) gatherWindow(format, window, append);
}
