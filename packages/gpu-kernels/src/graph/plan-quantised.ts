/** Steps of plans that round: quantised networks and narrow floats. Rules of values and shapes are those of `plan.ts`. */
import type { StepBase } from './plan-step.ts';

/**
 * q = clamp(round(x / scale) + zeroPoint, min, max) with halves to even: ONNX QuantizeLinear. With `dequantize`,
 * y = (q − zeroPoint) · scale, else y = q. Scale and zero point are `[2]` of each item (`parameters`), or constant,
 * `[channels, 2]` (`parametersWeight`), one pair for each place of `dimension` of x, or one for all.
 */
export interface QuantizeStep extends StepBase {
  readonly op: 'quantize';
  readonly x: number;
  readonly parameters?: number;
  readonly parametersWeight?: string;
  readonly dimension: number;
  readonly min: number;
  readonly max: number;
  readonly dequantize: boolean;
}

/**
 * Each item of x → `[2]`, scale and zero point as ONNX DynamicQuantizeLinear has them for a whole tensor: high = max(0, x),
 * low = min(0, x), scale = (high − low) / 255 or 1 where that is 0, zero point = clamp(round(−low / scale), 0, 255).
 */
export interface QuantizeRangeStep extends StepBase {
  readonly op: 'quantize-range';
  readonly x: number;
}

/** Each number as float16 or bfloat16 hold it: nearest, halves to even, infinite beyond the greatest. ONNX Cast to those types. */
export interface RoundFloatStep extends StepBase {
  readonly op: 'round-float';
  readonly x: number;
  readonly format: 'float16' | 'bfloat16';
}

/**
 * Products of integers with exact sums: s = Σ (x − zeroPoint) · weight + bias in 32 bits, which wrap as everywhere.
 * x holds integers as float32, at most 255 away from `zeroPoint`. y = float32(s) · scale, or with `requantize`
 * clamp(round(float32(s) · scale) + zeroPoint, min, max), halves to even; a scale left out is 1.
 */
interface IntegerProduct extends StepBase {
  readonly x: number;
  readonly zeroPoint: number;
  /** `[outputs, words]`: the inner dimension as signed integers of `weightBits`, little-endian in words of 32 bits, zeros at the end. */
  readonly weight: string;
  readonly weightBits: 8 | 16;
  /** `[outputs]`, the bits of int32. */
  readonly bias?: string;
  /** `[outputs]`, float32. */
  readonly scale?: string;
  readonly requantize?: { readonly zeroPoint: number; readonly min: number; readonly max: number };
}

/** As `conv2d`; the inner dimension runs over kernel row, kernel column, channel of the group. Padding holds `zeroPoint`. */
export interface Conv2dIntegerStep extends IntegerProduct {
  readonly op: 'conv2d-integer';
  readonly kernel: readonly [y: number, x: number];
  readonly strides: readonly [y: number, x: number];
  readonly pads: readonly [top: number, left: number, bottom: number, right: number];
  readonly dilations: readonly [y: number, x: number];
  readonly groups: number;
}

/** As `gemm`, on the last dimension. */
export interface GemmIntegerStep extends IntegerProduct {
  readonly op: 'gemm-integer';
}
