/** global-average-pool, pool, reduce. */
import { sizeOf } from '../../graph/shapes.ts';
import type { ReferenceOp } from './run-context.ts';

type Image = [height: number, width: number, channels: number];

export const globalAveragePool: ReferenceOp<'global-average-pool'> = (step, y, { items, shape, value }) => {
  const [height, width, channels] = shape(step.x) as Image;
  const x = value(step.x);
  const pixels = height * width;
  for (let item = 0; item < items; item++)
    for (let c = 0; c < channels; c++) {
      let sum = 0;
      for (let pixel = 0; pixel < pixels; pixel++) sum += x[(item * pixels + pixel) * channels + c]!;
      y[item * channels + c] = sum / pixels;
    }
};

export const pool: ReferenceOp<'pool'> = (step, y, { shape, value }) => {
  const [height, width, channels] = shape(step.x) as Image;
  const [outHeight, outWidth] = shape(step.output) as Image;
  const x = value(step.x);
  const [kernelHeight, kernelWidth] = step.kernel;
  for (let to = 0; to < y.length; to++) {
    const c = to % channels;
    const ox = Math.floor(to / channels) % outWidth;
    const oy = Math.floor(to / (channels * outWidth)) % outHeight;
    const item = Math.floor(to / (channels * outWidth * outHeight));
    let [sum, largest, count, padded] = [0, -Infinity, 0, 0];
    for (let ky = 0; ky < kernelHeight; ky++)
      for (let kx = 0; kx < kernelWidth; kx++) {
        const iy = oy * step.strides[0] + ky * step.dilations[0] - step.pads[0];
        const ix = ox * step.strides[1] + kx * step.dilations[1] - step.pads[1];
        if (iy < height + step.pads[2] && ix < width + step.pads[3]) padded++;
        if (iy < 0 || ix < 0 || iy >= height || ix >= width) continue;
        const v = x[((item * height + iy) * width + ix) * channels + c]!;
        sum += v;
        largest = Math.max(largest, v);
        count++;
      }
    y[to] = { max: largest, sum, average: sum / (step.countPad ? padded : count) }[step.function];
  }
};

const joins = {
  mean: (a: number, b: number) => a + b,
  sum: (a: number, b: number) => a + b,
  max: (a: number, b: number) => Math.max(a, b),
  min: (a: number, b: number) => Math.min(a, b),
  product: (a: number, b: number) => a * b,
};

export const reduce: ReferenceOp<'reduce'> = (step, y, { shape, value }) => {
  const from = shape(step.x);
  const x = value(step.x);
  const length = from[step.dimension]!;
  const join = joins[step.function];
  const inner = sizeOf(from.slice(step.dimension + 1));
  for (let to = 0; to < y.length; to++) {
    const first = Math.floor(to / inner) * length * inner + (to % inner);
    let joined = x[first]!;
    for (let i = 1; i < length; i++) joined = join(joined, x[first + i * inner]!);
    y[to] = step.function === 'mean' ? joined / length : joined;
  }
};
