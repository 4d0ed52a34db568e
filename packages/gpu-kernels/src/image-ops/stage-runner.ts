/** What the reference's stages share. */
import type { Pixels } from './pixels.ts';
import type { Stage, StageOp } from './stages.ts';

export type StageOf<Op extends StageOp> = Extract<Stage, { op: Op }>;
export type StageRunner<Op extends StageOp> = (pixels: Pixels, stage: StageOf<Op>) => Pixels;

/** An image of the format that a stage writes, sample by sample. */
export function fill(stage: Stage, sample: (x: number, y: number, channel: number) => number): Pixels {
  const { width, height, channels, isFloat } = stage.to;
  const data = isFloat ? new Float32Array(width * height * channels) : new Uint8Array(width * height * channels);
  let to = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let channel = 0; channel < channels; channel++) data[to++] = sample(x, y, channel);
    }
  }
  return { width, height, channels, data };
}

export const readerOf =
  ({ width, channels, data }: Pixels) =>
  (x: number, y: number, channel: number): number =>
    data[(y * width + x) * channels + channel]!;
