/** Which pixels the geometry steps keep, and which sizes the resize steps give: computed here (and in Rust) and nowhere else. */
import type { GeometryStep, Placement, ResizeStep } from '@diptych/plugin-kit';
import { cropMap, flipMap, padMap } from './axis-maps.ts';
import { hashOf } from './counter-hash.ts';
import type { Size } from './pixels.ts';
import type { Maps } from './stages.ts';

/** What a recipe cannot do to an image, in words for its user. */
export class RecipeFault extends Error {}

/** Python's `round`: halves go to the even neighbour. */
export function roundHalfToEven(value: number): number {
  const floor = Math.floor(value);
  if (value - floor !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}

/** torchvision's or albumentations' `CenterCrop`: pads by half the lack (rounded down before, up after), then crops at half the excess. */
function centreOffset(have: number, want: number, halves: 'even' | 'down' = 'even'): number {
  if (want > have) return -Math.floor((want - have) / 2);
  return halves === 'down' ? Math.floor((have - want) / 2) : roundHalfToEven((have - want) / 2);
}

const cropAt = (size: Size, left: number, top: number, { width, height }: Size): Maps => ({
  x: cropMap(size.width, left, width),
  y: cropMap(size.height, top, height),
  fill: 0,
});

function requireInside(size: Size, crop: Size): void {
  if (crop.width > size.width || crop.height > size.height)
    throw new RecipeFault(
      `a crop of ${crop.width}x${crop.height} needs an image at least as large, got ${size.width}x${size.height}`,
    );
}

function cropIn(size: Size, corner: Placement, crop: Size): Maps {
  requireInside(size, crop);
  const [right, bottom] = [size.width - crop.width, size.height - crop.height];
  if (corner === 'centre') return cropAt(size, roundHalfToEven(right / 2), roundHalfToEven(bottom / 2), crop);
  return cropAt(size, corner.endsWith('right') ? right : 0, corner.startsWith('bottom') ? bottom : 0, crop);
}

const fiveCorners = ['top-left', 'top-right', 'bottom-left', 'bottom-right', 'centre'] as const;

/** Views 5 to 9 of a ten-crop: the crops of the mirrored image, so left and right read the other end. */
function tenCrop(size: Size, view: number, crop: Size): Maps {
  const maps = cropIn(size, fiveCorners[view % 5]!, crop);
  return view < 5 ? maps : { ...maps, x: maps.x.map((x) => size.width - 1 - x) };
}

/** B-Free (arXiv 2412.17671) crops the grid of a network's patches; on pixels, whose first convolution strides by `grid`, it is the same. */
function gridCrop(size: Size, view: number, step: Extract<GeometryStep, { step: 'five-crop-on-grid' }>): Maps {
  const { grid } = step;
  const [width, height] = [size.width - (size.width % grid), size.height - (size.height % grid)];
  if (width === 0 || height === 0)
    throw new RecipeFault(`a grid of ${grid} needs an image at least as large, got ${size.width}x${size.height}`);
  const isTiled = width < step.width || height < step.height;
  const corner = isTiled ? 'top-left' : fiveCorners[view]!;
  const along = (have: number, want: number, isLast: boolean): Int32Array => {
    const excess = Math.max(0, have - want);
    const start = corner === 'centre' ? grid * Math.floor(excess / (2 * grid)) : isLast ? excess : 0;
    return Int32Array.from({ length: want }, (_, index) => (start + index) % have);
  };
  return {
    x: along(width, step.width, corner.endsWith('right')),
    y: along(height, step.height, corner.startsWith('bottom')),
    fill: 0,
  };
}

function randomCrop(size: Size, view: number, step: Extract<GeometryStep, { step: 'random-crop' }>): Maps {
  requireInside(size, step);
  const offset = (axis: number, excess: number): number =>
    Math.floor((hashOf([step.seed, view, size.width, size.height, axis]) / 2 ** 32) * (excess + 1));
  return cropAt(size, offset(0, size.width - step.width), offset(1, size.height - step.height), step);
}

interface Pad {
  readonly mode: Extract<GeometryStep, { step: 'pad' }>['mode'];
  readonly value?: number;
}

/** Pixels before and after along one axis. `first` and `last` name the placements at its two ends. */
function lackAt(
  have: number,
  want: number,
  place: Placement,
  last: 'right' | 'bottom',
): readonly [before: number, after: number] {
  const lack = Math.max(0, want - have);
  if (place === 'centre') return [Math.floor(lack / 2), lack - Math.floor(lack / 2)];
  const isLast = last === 'right' ? place.endsWith('right') : place.startsWith('bottom');
  return isLast ? [lack, 0] : [0, lack];
}

function padTo(size: Size, want: Size, place: Placement, { mode, value = 0 }: Pad): Maps {
  return {
    x: padMap(size.width, ...lackAt(size.width, want.width, place, 'right'), mode),
    y: padMap(size.height, ...lackAt(size.height, want.height, place, 'bottom'), mode),
    fill: value,
  };
}

/** For an image of `size` in pixels; `view` counts from 0 where a step gives several. */
export function mapsOf(step: GeometryStep, size: Size, view: number): Maps {
  switch (step.step) {
    case 'centre-crop':
      return cropAt(
        size,
        centreOffset(size.width, step.width, step.halves),
        centreOffset(size.height, step.height, step.halves),
        step,
      );
    case 'corner-crop':
      return cropIn(size, step.corner, step);
    case 'five-crop':
    case 'ten-crop':
      return tenCrop(size, view, step);
    case 'five-crop-on-grid':
      return gridCrop(size, view, step);
    case 'random-crop':
      return randomCrop(size, view, step);
    case 'flip': {
      const all = cropAt(size, 0, 0, size);
      return step.axis === 'horizontal' ? { ...all, x: flipMap(size.width) } : { ...all, y: flipMap(size.height) };
    }
    case 'pad':
      return {
        x: padMap(size.width, step.left, step.right, step.mode),
        y: padMap(size.height, step.top, step.bottom, step.mode),
        fill: step.value ?? 0,
      };
    case 'pad-to':
      return padTo(size, step, step.place, step);
    case 'pad-to-square': {
      const side = Math.max(size.width, size.height);
      return padTo(size, { width: side, height: side }, step.place, step);
    }
    case 'even-trim':
      return cropAt(size, 0, 0, { width: even(size.width), height: even(size.height) });
  }
}

function even(length: number): number {
  if (length === 1) throw new RecipeFault('an image one pixel wide or high has no even part');
  return length - (length % 2);
}

/** Short side by torchvision's `_compute_resized_output_size`, letterbox by YOLO's rule: each side round(side · ratio), halves to even. */
export function resizedSize(step: ResizeStep, { width, height }: Size): Size {
  const along = (size: number, short: number, long: number): number => Math.max(1, Math.floor((size * long) / short));
  switch (step.step) {
    case 'resize':
      return { width: step.width, height: step.height };
    case 'resize-short-side':
      return width <= height
        ? { width: step.size, height: along(step.size, width, height) }
        : { width: along(step.size, height, width), height: step.size };
    case 'resize-long-side': {
      const short = Math.max(1, roundHalfToEven((step.size * Math.min(width, height)) / Math.max(width, height)));
      return width >= height ? { width: step.size, height: short } : { width: short, height: step.size };
    }
    case 'letterbox': {
      const ratio = Math.min(step.height / height, step.width / width);
      const side = (length: number): number => Math.max(1, roundHalfToEven(length * ratio));
      return { width: side(width), height: side(height) };
    }
    case 'resize-by':
    case 'resize-and-back': {
      const side = (length: number): number => Math.max(1, roundHalfToEven(length * step.factor));
      return { width: side(width), height: side(height) };
    }
  }
}

export const letterboxMaps = (step: Extract<ResizeStep, { step: 'letterbox' }>, inner: Size): Maps =>
  padTo(inner, step, 'centre', { mode: 'constant', value: step.value });
