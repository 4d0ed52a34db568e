/** Stages on float32, rounded where the libraries round. */
import { roundHalfToEven } from './geometry.ts';
import { fill, readerOf, type StageRunner } from './stage-runner.ts';
import type { ValueFunction } from './stages.ts';

const { fround } = Math;

/** Sums in float32, tap by tap, as the libraries do. */
const floatTaps: StageRunner<'float-taps'> = (pixels, stage) => {
  const at = readerOf(pixels);
  const { stride, starts, counts, weights } = stage.taps;
  return fill(stage, (x, y, channel) => {
    const output = stage.axis === 'x' ? x : y;
    let sum = 0;
    for (let i = 0; i < counts[output]!; i++) {
      const from = starts[output]! + i;
      const value = stage.axis === 'x' ? at(from, y + stage.first, channel) : at(x, from, channel);
      sum = fround(sum + fround(weights[output * stride + i]! * value));
    }
    return stage.toBytes ? Math.min(255, Math.max(0, roundHalfToEven(sum))) : sum;
  });
};

/** In float32 with a rounding after each operation, as TensorFlow computes it. */
const between = (from: number, to: number, fraction: number): number => fround(from + fround(fround(to - from) * fraction));

const lerp: StageRunner<'lerp'> = (pixels, stage) => {
  const at = readerOf(pixels);
  const { x: columns, y: rows } = stage;
  return fill(stage, (x, y, channel) => {
    const line = (row: number): number =>
      between(at(columns.lower[x]!, row, channel), at(columns.upper[x]!, row, channel), columns.fraction[x]!);
    return between(line(rows.lower[y]!), line(rows.upper[y]!), rows.fraction[y]!);
  });
};

/** Each operation rounded to float32. */
const normalise: StageRunner<'normalise'> = (pixels, stage) => {
  const at = readerOf(pixels);
  const scale = fround(stage.scale);
  const [mean, deviation] = [Float32Array.from(stage.mean), Float32Array.from(stage.deviation)];
  return fill(stage, (x, y, channel) => fround(fround(at(x, y, channel) * scale) - mean[channel]!) / deviation[channel]!);
};

const valueFunctions: Readonly<Record<ValueFunction, (value: number, epsilon: number) => number>> = {
  round: (value) => roundHalfToEven(Math.min(255, Math.max(0, value))),
  log: (value, epsilon) => Math.log(Math.abs(value) + epsilon),
};

const value: StageRunner<'value'> = (pixels, stage) => {
  const at = readerOf(pixels);
  return fill(stage, (x, y, channel) => valueFunctions[stage.how](at(x, y, channel), stage.epsilon));
};

export const floatStages = { 'float-taps': floatTaps, lerp, normalise, value };
