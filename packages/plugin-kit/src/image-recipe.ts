/**
 * Preprocessing as data. Each step has the arithmetic of the library that it is named after; docs/recipe-steps.md says
 * from which version, and how exactly. Images start as 8-bit RGB; the first `normalise`, or a resize by a float filter,
 * makes them float32, and steps that need bytes come before that.
 */

/** Equal to the bit to the library's 8-bit resize. */
export const byteFilters = [
  'pillow-nearest',
  'pillow-box',
  'pillow-bilinear',
  'pillow-hamming',
  'pillow-bicubic',
  'pillow-lanczos',
  'opencv-nearest',
  'opencv-bilinear',
  'opencv-area',
] as const;
/** float32, on bytes or on floats. */
export const floatFilters = [
  'torch-nearest',
  'torch-nearest-exact',
  'torch-bilinear',
  'torch-bicubic',
  'torch-bilinear-antialias',
  'torch-bicubic-antialias',
  'tensorflow-align-corners',
  'tensorflow-half-pixel',
] as const;
/** All filters of steps that resize. */
export const resizeFilters = [...byteFilters, ...floatFilters] as const;
export type ByteFilter = (typeof byteFilters)[number];
export type FloatFilter = (typeof floatFilters)[number];
export type ResizeFilter = ByteFilter | FloatFilter;

/** `constant` writes the value, `reflect` mirrors without repeating the edge, `symmetric` with it, `replicate` repeats the edge, `wrap` tiles. */
export const padModes = ['constant', 'reflect', 'symmetric', 'replicate', 'wrap'] as const;
export type PadMode = (typeof padModes)[number];
/** Where something smaller lies in something larger. */
export const placements = ['centre', 'top-left', 'top-right', 'bottom-left', 'bottom-right'] as const;
export type Placement = (typeof placements)[number];

/** Steps that move or select pixels: on bytes and on floats alike. */
export type GeometryStep =
  /**
   * Offsets round(half the excess), halves to even, as torchvision, or floor(half the excess), as albumentations, where
   * `halves` is `down`; an image smaller than the crop is zero-padded first, as both do.
   */
  | {
      readonly step: 'centre-crop';
      readonly width: number;
      readonly height: number;
      readonly halves?: 'even' | 'down' | undefined;
    }
  /** A crop in a corner; refuses an image smaller than it. */
  | { readonly step: 'corner-crop'; readonly corner: Placement; readonly width: number; readonly height: number }
  /** Views 0 to 4: top left, top right, bottom left, bottom right, centre. Refuses an image smaller than the crop. */
  | { readonly step: 'five-crop'; readonly width: number; readonly height: number }
  /**
   * The views of `five-crop` on whole cells of `grid` pixels from the top left; what is left at the end is dropped, the
   * centre lies at cell floor(half the excess). Where either side is too short, every view is the top left of the image's
   * whole cells, tiled. As B-Free.
   */
  | { readonly step: 'five-crop-on-grid'; readonly width: number; readonly height: number; readonly grid: number }
  /** Views 0 to 4 as `five-crop`, 5 to 9 those of the image mirrored left to right. */
  | { readonly step: 'ten-crop'; readonly width: number; readonly height: number }
  /** `views` crops at places drawn from the seed, the view's number and the image's size. Refuses an image smaller than the crop. */
  | {
      readonly step: 'random-crop';
      readonly width: number;
      readonly height: number;
      readonly seed: number;
      readonly views: number;
    }
  | { readonly step: 'flip'; readonly axis: 'horizontal' | 'vertical' }
  /** Pixels added on each side. */
  | {
      readonly step: 'pad';
      readonly left: number;
      readonly top: number;
      readonly right: number;
      readonly bottom: number;
      readonly mode: PadMode;
      /** Of every channel, with mode `constant`; default 0. */
      readonly value?: number;
    }
  /** Pads what is smaller, each side alone; the smaller half first where it is centred. */
  | {
      readonly step: 'pad-to';
      readonly width: number;
      readonly height: number;
      readonly place: Placement;
      readonly mode: PadMode;
      readonly value?: number;
    }
  /** Pads the short side to the long one. */
  | { readonly step: 'pad-to-square'; readonly place: Placement; readonly mode: PadMode; readonly value?: number }
  /** Drops the last row or column where their number is odd. */
  | { readonly step: 'even-trim' };

/** Steps that change the size by a filter. */
export type ResizeStep =
  /** Stretch to width × height; the aspect ratio is not kept. */
  | { readonly step: 'resize'; readonly filter: ResizeFilter; readonly width: number; readonly height: number }
  /** Short side to `size`, long side rounded down as torchvision does: floor(size * long / short). */
  | { readonly step: 'resize-short-side'; readonly filter: ResizeFilter; readonly size: number }
  /** Long side to `size`, short side rounded half to even, at least 1. */
  | { readonly step: 'resize-long-side'; readonly filter: ResizeFilter; readonly size: number }
  /** As large as fits into width × height with its aspect ratio, centred on `value`, as YOLO does. */
  | {
      readonly step: 'letterbox';
      readonly filter: ResizeFilter;
      readonly width: number;
      readonly height: number;
      readonly value: number;
    }
  /** Each side to round(side * factor), halves to even, at least 1. */
  | { readonly step: 'resize-by'; readonly filter: ResizeFilter; readonly factor: number }
  /** The same, and then back to the size it had: a rung of a robustness sweep. */
  | { readonly step: 'resize-and-back'; readonly filter: ResizeFilter; readonly factor: number };

/** Steps on 8-bit pixels. */
export type ByteStep =
  /** Where present, alpha is kept until here and resizes treat it as Pillow does; where absent, alpha is dropped first. */
  | { readonly step: 'drop-alpha' }
  /** Pillow's convert("L"): (19595 R + 38470 G + 7471 B + 32768) >> 16, written to one channel or to three. */
  | { readonly step: 'grey'; readonly channels: 1 | 3 }
  /** Red and blue change places. */
  | { readonly step: 'bgr' }
  /** What libjpeg-turbo's baseline encoder and decoder make of the image: to the bit, entropy coding left out. */
  | { readonly step: 'jpeg'; readonly quality: number; readonly chroma: '4:2:0' | '4:4:4' }
  /** Adds round(sigma * z) to each sample, z from 4096 quantiles of the normal distribution, drawn by place from the seed. */
  | { readonly step: 'gaussian-noise'; readonly sigma: number; readonly seed: number }
  /** `count` square patches of side `patch` at places drawn from the seed, ordered by texture; the richest or the poorest tile width × height. */
  | {
      readonly step: 'texture-patches';
      readonly patch: number;
      readonly count: number;
      readonly keep: 'rich' | 'poor';
      readonly width: number;
      readonly height: number;
      readonly seed: number;
    };

/** Convolution with a Gaussian of radius floor(4 sigma + ½), edges mirrored, as SciPy's: bytes stay bytes, rounded after each axis. */
export interface BlurStep {
  readonly step: 'gaussian-blur';
  readonly sigma: number;
}

/** Steps on float32. */
export type FloatStep =
  /** value = (pixel * scale - mean[c]) / deviation[c], computed in float32; on bytes it makes floats. */
  | {
      readonly step: 'normalise';
      readonly scale: number;
      readonly mean: readonly number[];
      readonly deviation: readonly number[];
    }
  /** To the nearest whole number from 0 to 255, halves to even: what torchvision does after it resized a byte tensor. */
  | { readonly step: 'round' }
  /** log(|value| + epsilon). */
  | { readonly step: 'log'; readonly epsilon: number }
  /** (x − nearest-neighbour up of nearest-neighbour down of x) · 2 / 3; refuses odd sizes. */
  | { readonly step: 'npr' }
  /** Cross-correlation of each channel with [[−2, −1, 0], [−1, 0, 1], [0, 1, 2]], zero padding. */
  | { readonly step: 'diagonal-gradient' }
  /** Cross-correlation of each channel with [[0, 1, 0], [1, −4, 1], [0, 1, 0]], zero padding. */
  | { readonly step: 'laplacian' }
  /** Residual filters of the Spatial Rich Model, each over the sum of the channels, zero padding; one channel a filter. */
  | { readonly step: 'srm'; readonly filters: 3 | 30 }
  /** Orthonormal 2-D DCT-II of each channel. */
  | { readonly step: 'dct' }
  /** The HH band of one level of the wavelet bior1.3 with symmetric edges: each side floor((side + 5) / 2). */
  | { readonly step: 'dwt-hh' }
  /** |F|² of each channel, unnormalised, zero frequency at (floor(width / 2), floor(height / 2)). */
  | { readonly step: 'power-spectrum' }
  /** Mean over rings floor(distance to (floor(width / 2), floor(height / 2))), interpolated linearly to `length` numbers: 1 × length. */
  | { readonly step: 'azimuthal-mean'; readonly length: number };

/** One operation on an image. */
export type RecipeStep = GeometryStep | ResizeStep | ByteStep | BlurStep | FloatStep;
/** Steps in order, with at least one `normalise`. The result is float32 [channels, height, width]. */
export type ImageRecipe = readonly RecipeStep[];

/**
 * How many views of an image a recipe describes: 1 without a multi-crop step. Who runs the network gives the image once
 * for each view, with `view` set, and joins the outputs by a rule that it states.
 */
export function viewsOf(recipe: ImageRecipe): number {
  return recipe.reduce((views, step) => {
    if (step.step === 'five-crop' || step.step === 'five-crop-on-grid') return 5;
    if (step.step === 'ten-crop') return 10;
    return step.step === 'random-crop' ? step.views : views;
  }, 1);
}
