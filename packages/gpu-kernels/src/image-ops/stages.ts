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
export type ValueFunction = 'round';

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
  /** float32 to float32, value by value. */
  | { readonly op: 'value'; readonly how: ValueFunction };
export type StageOp = StageKind['op'];
export type Stage = StageKind & { readonly from: Format; readonly to: Format };
