/** normalise and resample: sums in float64, rounded once. */
import { sizeOf } from '../../graph/shapes.ts';
import type { ReferenceOp } from './run-context.ts';

export const normalise: ReferenceOp<'normalise'> = (step, y, { value, weight }) => {
  const x = value(step.x);
  const { pixels, groups, width } = step;
  const scale = step.scale === undefined ? undefined : weight(step.scale);
  const bias = step.bias === undefined ? undefined : weight(step.bias);
  const count = pixels * width;
  const rows = x.length / (groups * count);
  for (let row = 0; row < rows; row++)
    for (let group = 0; group < groups; group++) {
      const at = (i: number): number => ((row * pixels + Math.floor(i / width)) * groups + group) * width + (i % width);
      let mean = 0;
      if (step.centred) for (let i = 0; i < count; i++) mean += x[at(i)]! / count;
      let variance = 0;
      for (let i = 0; i < count; i++) variance += (x[at(i)]! - mean) ** 2 / count;
      const deviation = Math.sqrt(variance + step.epsilon);
      for (let i = 0; i < count; i++) {
        const parameter = group * width + (i % width);
        y[at(i)] = ((x[at(i)]! - mean) / deviation) * (scale?.[parameter] ?? 1) + (bias?.[parameter] ?? 0);
      }
    }
};

export const resample: ReferenceOp<'resample'> = (step, y, { shape, value, weight }) => {
  const from = shape(step.x);
  const x = value(step.x);
  const [indices, factors] = [weight(step.indicesWeight), weight(step.factorsWeight)];
  const length = from[step.dimension]!;
  const outLength = shape(step.output)[step.dimension]!;
  const taps = indices.length / outLength;
  const inner = sizeOf(from.slice(step.dimension + 1));
  for (let to = 0; to < y.length; to++) {
    const at = Math.floor(to / inner) % outLength;
    const outer = Math.floor(to / (inner * outLength));
    let sum = 0;
    for (let t = at * taps; t < (at + 1) * taps; t++)
      sum += factors[t]! * x[(outer * length + indices[t]!) * inner + (to % inner)]!;
    y[to] = sum;
  }
};
