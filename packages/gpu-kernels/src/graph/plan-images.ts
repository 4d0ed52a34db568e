/** Steps on images, `[height, width, channels]`. Part of the plan (`plan.ts`). */
import type { ImageRecipe } from '@diptych/plugin-kit';
import type { Activation } from './plan-scalars.ts';
import type { StepBase } from './plan-step.ts';

/** Decoded images of any size → `[height, width, channels]`, by the recipe. Image input `input` of the plan. */
export interface ImageStep extends StepBase {
  readonly op: 'image';
  readonly input: string;
  readonly recipe: ImageRecipe;
}

/**
 * y = activation(conv(x, weight) + bias + residual). Weight is `[outputChannels, kernelHeight, kernelWidth, inputChannels / groups]`.
 * Cross-correlation, zero padding, floor output size, as ONNX Conv. Depthwise is `groups == inputChannels`.
 */
export interface Conv2dStep extends StepBase {
  readonly op: 'conv2d';
  readonly x: number;
  readonly weight: string;
  readonly bias?: string;
  readonly residual?: number;
  readonly strides: readonly [y: number, x: number];
  readonly pads: readonly [top: number, left: number, bottom: number, right: number];
  readonly dilations: readonly [y: number, x: number];
  readonly groups: number;
  readonly activation: Activation;
}

/**
 * Transposed convolution: each input pixel adds its window, y[i·stride + k·dilation − pad] += x[i] · weight[k], and the
 * output ends where its shape says (ONNX output_padding included). Weight and layout as in conv2d.
 */
export interface ConvTranspose2dStep extends StepBase {
  readonly op: 'conv-transpose2d';
  readonly x: number;
  readonly weight: string;
  readonly bias?: string;
  readonly strides: readonly [y: number, x: number];
  readonly pads: readonly [top: number, left: number];
  readonly dilations: readonly [y: number, x: number];
  readonly groups: number;
}

/** `[height, width, channels]` → `[channels]`, the mean. */
export interface GlobalAveragePoolStep extends StepBase {
  readonly op: 'global-average-pool';
  readonly x: number;
}

/**
 * Max, mean or sum over windows. Padding never wins a max; `countPad` says whether it counts in a mean (ONNX
 * count_include_pad). The output may have one window more than fits (ONNX ceil_mode): it covers what there is, and what
 * lies beyond the padding never counts.
 */
export interface PoolStep extends StepBase {
  readonly op: 'pool';
  readonly function: 'max' | 'average' | 'sum';
  readonly x: number;
  readonly kernel: readonly [y: number, x: number];
  readonly strides: readonly [y: number, x: number];
  readonly dilations: readonly [y: number, x: number];
  readonly pads: readonly [top: number, left: number, bottom: number, right: number];
  readonly countPad: boolean;
}

/** `[height, width, channels]`: output pixel (y, x) reads input pixel (floor(y · inputHeight / outputHeight), …): ONNX Resize, nearest, asymmetric, floor. */
export interface ResizeNearestStep extends StepBase {
  readonly op: 'resize-nearest';
  readonly x: number;
}

/**
 * Along one dimension, y[…, o, …] = Σ_t factors[o, t] · x[…, indices[o, t], …]: interpolation and reflecting pads, whose
 * coordinates the planner works out. Both weights are `[size of y in that dimension, taps]`; indices are whole.
 */
export interface ResampleStep extends StepBase {
  readonly op: 'resample';
  readonly x: number;
  readonly dimension: number;
  readonly indicesWeight: string;
  readonly factorsWeight: string;
}

/** Constant padding of `[height, width, channels]`; negative values crop. */
export interface PadStep extends StepBase {
  readonly op: 'pad';
  readonly x: number;
  readonly pads: readonly [top: number, left: number, bottom: number, right: number];
  readonly value: number;
}
