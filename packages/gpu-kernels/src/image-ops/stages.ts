/**
 * What a recipe becomes for one image: few kinds of stages with their tables filled in, which every backend runs. The
 * libraries differ in tables and roundings only, and these are made here (and once more, in Rust, for the native backend).
 */
import type { Size } from './pixels.ts';

/** Images before and after a stage. */
export interface Format extends Size {
  readonly channels: number;
  readonly isFloat: boolean;
}

/** Output pixel (x, y) is source pixel (x[x], y[y]), or `fill` where an entry is −1. */
export interface Maps {
  readonly x: Int32Array;
  readonly y: Int32Array;
  readonly fill: number;
}

/** Weights along one axis: output i is the sum of `counts[i]` inputs from `starts[i]`, each times its weight. */
export interface Taps<Weights extends Int32Array | Float32Array = Int32Array | Float32Array> {
  /** Entries a row of `weights`; rows shorter than that end in zeros. */
  readonly stride: number;
  readonly starts: Int32Array;
  readonly counts: Int32Array;
  readonly weights: Weights;
}

/** Two neighbours along one axis, and the weight of the upper one. */
export interface LinearTable {
  readonly lower: Int32Array;
  readonly upper: Int32Array;
  readonly fraction: Float32Array;
}

/** Two neighbours along one axis with 11-bit weights. */
export interface FixedTable {
  readonly lower: Int32Array;
  readonly upper: Int32Array;
  readonly lowerWeight: Int32Array;
  readonly upperWeight: Int32Array;
}

export type PixelFunction = 'premultiply' | 'unpremultiply' | 'drop-alpha' | 'grey' | 'bgr';
export type ValueFunction = 'round' | 'log';
export type Chroma = '4:2:0' | '4:4:4';

export type StageKind =
  | ({ readonly op: 'gather' } & Maps)
  /** Pillow's pass with 22-bit weights and 8-bit results. Along x, row 0 of the output is row `first` of the source. */
  | { readonly op: 'fixed-taps'; readonly axis: 'x' | 'y'; readonly taps: Taps<Int32Array>; readonly first: number }
  /** The same in float32; the source may be bytes. `toBytes` rounds half to even, clamps and writes bytes. */
  | {
      readonly op: 'float-taps';
      readonly axis: 'x' | 'y';
      readonly taps: Taps<Float32Array>;
      readonly first: number;
      readonly toBytes: boolean;
    }
  /** ((wy0 · (h0 >> 4)) >> 16) + ((wy1 · (h1 >> 4)) >> 16), plus 2, >> 2, where h = wx0 · left + wx1 · right. */
  | { readonly op: 'opencv-linear'; readonly x: FixedTable; readonly y: FixedTable }
  /** Mean of blocks: with `ratioX` = `ratioY` = 2 (sum + 2) >> 2, else the sum times 1 / count in float32, halves to even. */
  | {
      readonly op: 'opencv-blocks';
      readonly ratioX: number;
      readonly ratioY: number;
      readonly left: number;
      readonly top: number;
    }
  /** float32 linear interpolation, first along x, then along y; the source may be bytes. */
  | { readonly op: 'lerp'; readonly x: LinearTable; readonly y: LinearTable }
  /** Bytes to bytes, pixel by pixel. */
  | { readonly op: 'pixel'; readonly how: PixelFunction }
  /** (value · scale − mean) / deviation; the source may be bytes. */
  | {
      readonly op: 'normalise';
      readonly scale: number;
      readonly mean: readonly number[];
      readonly deviation: readonly number[];
    }
  /** float32 to float32, value by value; `epsilon` for the functions that have one. */
  | { readonly op: 'value'; readonly how: ValueFunction; readonly epsilon: number }
  /** A JPEG round trip with these quantisation tables, in reading order. */
  | { readonly op: 'jpeg'; readonly luma: Int32Array; readonly chroma: Int32Array; readonly subsampled: boolean }
  /** Adds entry (hash of seed, x, y, channel) >> 20 of the table, and clamps. */
  | { readonly op: 'noise'; readonly table: Int32Array; readonly seed: number }
  /** Patches of `size` at (x[i], y[i]), ordered by texture and then by number, from one end; row by row. */
  | {
      readonly op: 'patches';
      readonly x: Int32Array;
      readonly y: Int32Array;
      readonly size: number;
      readonly keep: 'rich' | 'poor';
    }
  /** (value − the value at the even place before it) · 2 / 3. */
  | { readonly op: 'npr' }
  /** Square kernels of side `size`, one after another, zero padding: the only one on each channel, or each over the sum of the channels. */
  | { readonly op: 'stencil'; readonly size: number; readonly kernels: Float32Array; readonly sumsChannels: boolean }
  /** |DFT|², zero frequency in the middle. */
  | { readonly op: 'power-spectrum' }
  /** Mean of the pixels `places[starts[i]] … places[starts[i + 1] − 1]` for output i. */
  | { readonly op: 'group-mean'; readonly starts: Int32Array; readonly places: Int32Array };
export type StageOp = StageKind['op'];
export type Stage = StageKind & { readonly from: Format; readonly to: Format };
