/** conv2d, conv-transpose2d, gemm, matmul: sums in float64, rounded once. */
import { sizeOf } from '../../graph/shapes.ts';
import { activate } from './elementwise.ts';
import type { ReferenceOp, StepOf } from './run-context.ts';

type Image = [height: number, width: number, channels: number];

export const conv2d: ReferenceOp<'conv2d'> = (step, y, { plan, items, shape, value, weight }) => {
  const [height, width, channels] = shape(step.x) as Image;
  const [outHeight, outWidth, outChannels] = shape(step.output) as Image;
  const weightShape = plan.weights.find(({ name }) => name === step.weight)!.shape;
  const [, kernelHeight, kernelWidth, groupChannels] = weightShape as [number, number, number, number];
  const [x, w] = [value(step.x), weight(step.weight)];
  const bias = step.bias === undefined ? undefined : weight(step.bias);
  const residual = step.residual === undefined ? undefined : value(step.residual);
  const outputsPerGroup = outChannels / step.groups;
  let to = 0;
  for (let item = 0; item < items; item++)
    for (let oy = 0; oy < outHeight; oy++)
      for (let ox = 0; ox < outWidth; ox++)
        for (let oc = 0; oc < outChannels; oc++, to++) {
          const firstChannel = Math.floor(oc / outputsPerGroup) * groupChannels;
          let sum = bias?.[oc] ?? 0;
          for (let ky = 0; ky < kernelHeight; ky++) {
            const iy = oy * step.strides[0] + ky * step.dilations[0] - step.pads[0];
            if (iy < 0 || iy >= height) continue;
            for (let kx = 0; kx < kernelWidth; kx++) {
              const ix = ox * step.strides[1] + kx * step.dilations[1] - step.pads[1];
              if (ix < 0 || ix >= width) continue;
              const fromX = ((item * height + iy) * width + ix) * channels + firstChannel;
              const fromW = ((oc * kernelHeight + ky) * kernelWidth + kx) * groupChannels;
              for (let ic = 0; ic < groupChannels; ic++) sum += x[fromX + ic]! * w[fromW + ic]!;
            }
          }
          y[to] = activate(sum + (residual?.[to] ?? 0), step.activation);
        }
};

/** Which input row (or column) adds to output `at` through `tap`: the one that lies a whole number of strides away. */
const sourceOf = (at: number, tap: number, axis: 0 | 1, { strides, dilations, pads }: StepOf<'conv-transpose2d'>): number =>
  (at + pads[axis] - tap * dilations[axis]) / strides[axis];

export const convTranspose2d: ReferenceOp<'conv-transpose2d'> = (step, y, { plan, items, shape, value, weight }) => {
  const [height, width, channels] = shape(step.x) as Image;
  const [outHeight, outWidth, outChannels] = shape(step.output) as Image;
  const weightShape = plan.weights.find(({ name }) => name === step.weight)!.shape;
  const [, kernelHeight, kernelWidth, groupChannels] = weightShape as [number, number, number, number];
  const [x, w] = [value(step.x), weight(step.weight)];
  const bias = step.bias === undefined ? undefined : weight(step.bias);
  let to = 0;
  for (let item = 0; item < items; item++)
    for (let oy = 0; oy < outHeight; oy++)
      for (let ox = 0; ox < outWidth; ox++)
        for (let oc = 0; oc < outChannels; oc++, to++) {
          const firstChannel = Math.floor((oc * step.groups) / outChannels) * groupChannels;
          let sum = bias?.[oc] ?? 0;
          for (let ky = 0; ky < kernelHeight; ky++)
            for (let kx = 0; kx < kernelWidth; kx++) {
              const [iy, ix] = [sourceOf(oy, ky, 0, step), sourceOf(ox, kx, 1, step)];
              const isPixel =
                Number.isInteger(iy) && Number.isInteger(ix) && iy >= 0 && ix >= 0 && iy < height && ix < width;
              if (!isPixel) continue;
              const fromX = ((item * height + iy) * width + ix) * channels + firstChannel;
              const fromW = ((oc * kernelHeight + ky) * kernelWidth + kx) * groupChannels;
              for (let ic = 0; ic < groupChannels; ic++) sum += x[fromX + ic]! * w[fromW + ic]!;
            }
          y[to] = sum;
        }
};

export const gemm: ReferenceOp<'gemm'> = (step, y, { shape, value, weight }) => {
  const inner = shape(step.x).at(-1)!;
  const outputs = shape(step.output).at(-1)!;
  const [x, w] = [value(step.x), weight(step.weight)];
  const bias = step.bias === undefined ? undefined : weight(step.bias);
  const residual = step.residual === undefined ? undefined : value(step.residual);
  for (let to = 0; to < y.length; to++) {
    const [row, column] = [Math.floor(to / outputs), to % outputs];
    let sum = bias?.[column] ?? 0;
    for (let k = 0; k < inner; k++) sum += x[row * inner + k]! * w[column * inner + k]!;
    y[to] = activate(sum + (residual?.[to] ?? 0), step.activation);
  }
};

export const matmul: ReferenceOp<'matmul'> = (step, y, { plan, shape, value, weight }) => {
  const [rows, columns] = shape(step.output).slice(-2) as [number, number];
  const shapeA = step.a === undefined ? plan.weights.find(({ name }) => name === step.aWeight)!.shape : shape(step.a);
  const inner = shapeA.at(-1)!;
  const a = step.a === undefined ? weight(step.aWeight!) : value(step.a);
  const b = step.b === undefined ? weight(step.bWeight!) : value(step.b);
  const strideA = step.a === undefined ? 0 : rows * inner; // a weight is shared by all matrices
  const strideB = step.b === undefined ? 0 : inner * columns;
  const matrix = sizeOf([rows, columns]);
  for (let to = 0; to < y.length; to++) {
    const index = Math.floor(to / matrix);
    const [row, column] = [Math.floor((to % matrix) / columns), to % columns];
    let sum = 0;
    for (let k = 0; k < inner; k++)
      sum += a[index * strideA + row * inner + k]! * b[index * strideB + k * columns + column]!;
    y[to] = sum;
  }
};
