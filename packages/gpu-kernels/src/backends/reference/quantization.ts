/** quantize, quantize-range, and products of integers. Float32 where ONNX rounds to it, exact integers in the sums. */
import type { Conv2dIntegerStep, GemmIntegerStep } from '../../graph/plan-quantised.ts';
import { roundHalfEven, roundToFloat } from '../../graph/rounding.ts';
import { sizeOf } from '../../graph/shapes.ts';
import type { ReferenceOp, RunContext } from './run-context.ts';

const clamp = (x: number, min: number, max: number): number => Math.min(max, Math.max(min, x));

export const quantize: ReferenceOp<'quantize'> = (step, y, { items, shape, value, weight }) => {
  const x = value(step.x);
  const dimensions = shape(step.x);
  const constants = step.parametersWeight === undefined ? undefined : weight(step.parametersWeight);
  const parameters = constants ?? value(step.parameters!);
  const channels = constants === undefined ? 1 : constants.length / 2;
  const inner = sizeOf(dimensions.slice(step.dimension + 1));
  for (let index = 0; index < y.length; index++) {
    const channel = channels === 1 ? 0 : Math.floor(index / inner) % channels;
    const pair = constants === undefined ? Math.floor(index / (y.length / items)) : channel;
    const [scale, zeroPoint] = [parameters[2 * pair]!, parameters[2 * pair + 1]!];
    const rounded = roundHalfEven(Math.fround(x[index]! / scale));
    const q = clamp(rounded + zeroPoint, step.min, step.max);
    y[index] = step.dequantize ? (q - zeroPoint) * scale : q;
  }
};

export const quantizeRange: ReferenceOp<'quantize-range'> = (step, y, { items, value }) => {
  const x = value(step.x);
  const size = x.length / items;
  for (let item = 0; item < items; item++) {
    let [low, high] = [0, 0];
    for (const number of x.subarray(item * size, (item + 1) * size)) {
      low = Math.min(low, number);
      high = Math.max(high, number);
    }
    const scale = high === low ? 1 : Math.fround(Math.fround(high - low) / 255);
    y[2 * item] = scale;
    y[2 * item + 1] = roundHalfEven(clamp(Math.fround(-low / scale), 0, 255));
  }
};

export const roundFloat: ReferenceOp<'round-float'> = (step, y, { value }) => {
  for (const [index, x] of value(step.x).entries()) y[index] = roundToFloat(step.format, x);
};

type IntegerStep = Conv2dIntegerStep | GemmIntegerStep;

/** How the exact sum of output channel `channel` becomes a number. */
function epilogue(step: IntegerStep, { weight }: RunContext): (sum: number, channel: number) => number {
  const bias = step.bias === undefined ? undefined : integersOf(weight(step.bias), 32);
  const scale = step.scale === undefined ? undefined : weight(step.scale);
  return (sum, channel) => {
    const total = (sum + (bias?.[channel] ?? 0)) | 0;
    const scaled = Math.fround(Math.fround(total) * (scale?.[channel] ?? 1));
    if (step.requantize === undefined) return scaled;
    const { zeroPoint, min, max } = step.requantize;
    return clamp(roundHalfEven(scaled) + zeroPoint, min, max);
  };
}

/** The integers of `bits` that the words of a weight hold. */
function integersOf({ buffer, byteOffset, byteLength }: Float32Array, bits: 8 | 16 | 32): ArrayLike<number> {
  const length = (byteLength * 8) / bits;
  if (bits === 8) return new Int8Array(buffer, byteOffset, length);
  return bits === 16 ? new Int16Array(buffer, byteOffset, length) : new Int32Array(buffer, byteOffset, length);
}

export const conv2dInteger: ReferenceOp<'conv2d-integer'> = (step, y, context) => {
  const { items, shape, value, weight } = context;
  const [height, width, channels] = shape(step.x) as [number, number, number];
  const [outHeight, outWidth, outChannels] = shape(step.output) as [number, number, number];
  const x = value(step.x);
  const weights = integersOf(weight(step.weight), step.weightBits);
  const row = weights.length / outChannels;
  const groupChannels = channels / step.groups;
  const finish = epilogue(step, context);
  let to = 0;
  for (let item = 0; item < items; item++)
    for (let oy = 0; oy < outHeight; oy++)
      for (let ox = 0; ox < outWidth; ox++)
        for (let oc = 0; oc < outChannels; oc++, to++) {
          const firstChannel = Math.floor(oc / (outChannels / step.groups)) * groupChannels;
          let sum = 0;
          for (let ky = 0; ky < step.kernel[0]; ky++) {
            const iy = oy * step.strides[0] + ky * step.dilations[0] - step.pads[0];
            if (iy < 0 || iy >= height) continue;
            for (let kx = 0; kx < step.kernel[1]; kx++) {
              const ix = ox * step.strides[1] + kx * step.dilations[1] - step.pads[1];
              if (ix < 0 || ix >= width) continue;
              const fromX = ((item * height + iy) * width + ix) * channels + firstChannel;
              const fromW = oc * row + (ky * step.kernel[1] + kx) * groupChannels;
              for (let ic = 0; ic < groupChannels; ic++)
                sum = (sum + (x[fromX + ic]! - step.zeroPoint) * weights[fromW + ic]!) | 0;
            }
          }
          y[to] = finish(sum, oc);
        }
};

export const gemmInteger: ReferenceOp<'gemm-integer'> = (step, y, context) => {
  const inner = context.shape(step.x).at(-1)!;
  const outputs = context.shape(step.output).at(-1)!;
  const x = context.value(step.x);
  const weights = integersOf(context.weight(step.weight), step.weightBits);
  const finish = epilogue(step, context);
  for (let to = 0; to < y.length; to++) {
    const [row, column] = [Math.floor(to / outputs), to % outputs];
    const first = column * (weights.length / outputs);
    let sum = 0;
    for (let k = 0; k < inner; k++) sum = (sum + (x[row * inner + k]! - step.zeroPoint) * weights[first + k]!) | 0;
    y[to] = finish(sum, column);
  }
};
