/** Stages on 8-bit pixels, in integers. */
import { hashOf } from './counter-hash.ts';
import { roundHalfToEven } from './geometry.ts';
import { jpeg } from './jpeg-stage.ts';
import { precisionBits } from './pillow-coefficients.ts';
import type { Pixels } from './pixels.ts';
import { fill, readerOf, type StageRunner } from './stage-runner.ts';
import type { PixelFunction, Stage } from './stages.ts';
import { patches } from './texture-stage.ts';

const gather: StageRunner<'gather'> = (pixels, stage) => {
  const at = readerOf(pixels);
  return fill(stage, (x, y, channel) => {
    const [fromX, fromY] = [stage.x[x]!, stage.y[y]!];
    return fromX < 0 || fromY < 0 ? stage.fill : at(fromX, fromY, channel);
  });
};

const fixedTaps: StageRunner<'fixed-taps'> = (pixels, stage) => {
  const at = readerOf(pixels);
  const { stride, starts, counts, weights } = stage.taps;
  return fill(stage, (x, y, channel) => {
    const output = stage.axis === 'x' ? x : y;
    let sum = 1 << (precisionBits - 1);
    for (let i = 0; i < counts[output]!; i++) {
      const from = starts[output]! + i;
      sum +=
        weights[output * stride + i]! * (stage.axis === 'x' ? at(from, y + stage.first, channel) : at(x, from, channel));
    }
    return Math.min(255, Math.max(0, sum >> precisionBits));
  });
};

const opencvLinear: StageRunner<'opencv-linear'> = (pixels, stage) => {
  const at = readerOf(pixels);
  const { x: columns, y: rows } = stage;
  return fill(stage, (x, y, channel) => {
    const line = (row: number): number =>
      at(columns.lower[x]!, row, channel) * columns.lowerWeight[x]! +
      at(columns.upper[x]!, row, channel) * columns.upperWeight[x]!;
    const part = (row: number, weight: number): number => (weight * (line(row) >> 4)) >> 16;
    return (part(rows.lower[y]!, rows.lowerWeight[y]!) + part(rows.upper[y]!, rows.upperWeight[y]!) + 2) >> 2;
  });
};

const opencvBlocks: StageRunner<'opencv-blocks'> = (pixels, stage) => {
  const at = readerOf(pixels);
  const { ratioX, ratioY, left, top } = stage;
  const inverse = Math.fround(1 / (ratioX * ratioY));
  return fill(stage, (x, y, channel) => {
    let sum = 0;
    for (let j = 0; j < ratioY; j++) {
      for (let i = 0; i < ratioX; i++) sum += at((x + left) * ratioX + i, (y + top) * ratioY + j, channel);
    }
    return ratioX === 2 && ratioY === 2 ? (sum + 2) >> 2 : roundHalfToEven(Math.fround(sum * inverse));
  });
};

/** x · y / 255 to the nearest, as Pillow computes it without a division. */
function timesUnit(x: number, y: number): number {
  const product = x * y + 128;
  return ((product >> 8) + product) >> 8;
}

const pixelFunctions: Readonly<Record<PixelFunction, (pixels: Pixels, stage: Stage) => Pixels>> = {
  'drop-alpha': (pixels, stage) => fill(stage, readerOf(pixels)),
  premultiply: (pixels, stage) => {
    const at = readerOf(pixels);
    return fill(stage, (x, y, channel) => (channel === 3 ? at(x, y, 3) : timesUnit(at(x, y, channel), at(x, y, 3))));
  },
  unpremultiply: (pixels, stage) => {
    const at = readerOf(pixels);
    return fill(stage, (x, y, channel) => {
      const alpha = at(x, y, 3);
      if (channel === 3 || alpha === 0 || alpha === 255) return at(x, y, channel);
      return Math.min(255, Math.trunc((255 * at(x, y, channel)) / alpha));
    });
  },
  grey: (pixels, stage) => {
    const at = readerOf(pixels);
    return fill(stage, (x, y) => (at(x, y, 0) * 19595 + at(x, y, 1) * 38470 + at(x, y, 2) * 7471 + 0x8000) >> 16);
  },
  bgr: (pixels, stage) => {
    const at = readerOf(pixels);
    return fill(stage, (x, y, channel) => at(x, y, 2 - channel));
  },
};

const pixel: StageRunner<'pixel'> = (pixels, stage) => pixelFunctions[stage.how](pixels, stage);

const noise: StageRunner<'noise'> = (pixels, stage) => {
  const at = readerOf(pixels);
  return fill(stage, (x, y, channel) => {
    const drawn = stage.table[hashOf([stage.seed, x, y, channel]) >>> 20]!;
    return Math.min(255, Math.max(0, at(x, y, channel) + drawn));
  });
};

export const byteStages = {
  gather,
  jpeg,
  noise,
  patches,
  'fixed-taps': fixedTaps,
  'opencv-linear': opencvLinear,
  'opencv-blocks': opencvBlocks,
  pixel,
};
