/** resize-nearest, pad, transpose, reshape: no arithmetic. */
import { permuteList, rowMajorStrides, sizeOf } from '../../graph/shapes.ts';
import type { ReferenceOp } from './run-context.ts';

type Image = [height: number, width: number, channels: number];

export const resizeNearest: ReferenceOp<'resize-nearest'> = (step, y, { items, shape, value }) => {
  const [height, width, channels] = shape(step.x) as Image;
  const [outHeight, outWidth] = shape(step.output) as Image;
  const x = value(step.x);
  for (let item = 0, to = 0; item < items; item++)
    for (let oy = 0; oy < outHeight; oy++)
      for (let ox = 0; ox < outWidth; ox++)
        for (let c = 0; c < channels; c++) {
          const [iy, ix] = [Math.floor((oy * height) / outHeight), Math.floor((ox * width) / outWidth)];
          y[to++] = x[((item * height + iy) * width + ix) * channels + c]!;
        }
};

export const pad: ReferenceOp<'pad'> = (step, y, { items, shape, value }) => {
  const [height, width, channels] = shape(step.x) as Image;
  const [outHeight, outWidth] = shape(step.output) as Image;
  const x = value(step.x);
  for (let item = 0, to = 0; item < items; item++)
    for (let oy = 0; oy < outHeight; oy++)
      for (let ox = 0; ox < outWidth; ox++)
        for (let c = 0; c < channels; c++) {
          const [iy, ix] = [oy - step.pads[0], ox - step.pads[1]];
          const inside = iy >= 0 && ix >= 0 && iy < height && ix < width;
          y[to++] = inside ? x[((item * height + iy) * width + ix) * channels + c]! : step.value;
        }
};

export const transpose: ReferenceOp<'transpose'> = (step, y, { items, shape, value }) => {
  const output = shape(step.output);
  const x = value(step.x);
  const from = permuteList(rowMajorStrides(shape(step.x)), step.permutation);
  const to = rowMajorStrides(output);
  const size = sizeOf(output);
  for (let item = 0; item < items; item++)
    for (let index = 0; index < size; index++) {
      const offset = to.reduce((sum, stride, d) => sum + (Math.floor(index / stride) % output[d]!) * from[d]!, 0);
      y[item * size + index] = x[item * size + offset]!;
    }
};

export const reshape: ReferenceOp<'reshape'> = (step, y, { value }) => y.set(value(step.x));
