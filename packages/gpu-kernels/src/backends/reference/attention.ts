/** attention: scores, weights and sums in float64, rounded once. */
import type { MatrixView } from '../../graph/plan-products.ts';
import { sizeOf } from '../../graph/shapes.ts';
import type { ReferenceOp } from './run-context.ts';

export const attention: ReferenceOp<'attention'> = (step, y, { items, shape, value, weight }) => {
  const [q, k, v] = [value(step.q), value(step.k), value(step.v)];
  const mask =
    step.mask === undefined ? (step.maskWeight === undefined ? undefined : weight(step.maskWeight)) : value(step.mask);
  const { outer, heads, rows, keys, channels, valueChannels } = step;
  const sizes = [step.q, step.k, step.v, step.output].map((id) => sizeOf(shape(id))) as [number, number, number, number];
  const maskSize = step.mask === undefined ? 0 : sizeOf(shape(step.mask));
  for (let item = 0; item < items; item++)
    for (let matrix = 0; matrix < outer * heads; matrix++) {
      const [o, h] = [Math.floor(matrix / heads), matrix % heads];
      const at = ({ offset, strides }: MatrixView, size: number, row: number, column: number): number =>
        item * size + offset + o * strides[0] + h * strides[1] + row * strides[2] + column * strides[3];
      for (let row = 0; row < rows; row++) {
        const scores = Float64Array.from({ length: keys }, (_, key) => {
          let sum = 0;
          for (let c = 0; c < channels; c++)
            sum += q[at(step.qView, sizes[0], row, c)]! * k[at(step.kView, sizes[1], key, c)]!;
          return sum * step.scale + (mask?.[at(step.maskView!, maskSize, row, key)] ?? 0);
        });
        const largest = scores.reduce((max, score) => Math.max(max, score), -Infinity);
        const weights = scores.map((score) => Math.exp(score - largest));
        if (step.zeroEmpty && largest === -Infinity && scores.every((score) => score === -Infinity)) continue;
        const total = weights.reduce((sum, w) => sum + w, 0);
        for (let c = 0; c < valueChannels; c++) {
          let sum = 0;
          for (let key = 0; key < keys; key++) sum += (weights[key]! / total) * v[at(step.vView, sizes[2], key, c)]!;
          y[at(step.yView, sizes[3], row, c)] = sum;
        }
      }
    }
};
