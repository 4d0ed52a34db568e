/** Transforms and residual filters, in float64 and rounded to float32 at the end. */
import { fill, readerOf, type StageRunner } from './stage-runner.ts';

const npr: StageRunner<'npr'> = (pixels, stage) => {
  const at = readerOf(pixels);
  return fill(stage, (x, y, channel) => (Math.fround(at(x, y, channel) - at(x - (x % 2), y - (y % 2), channel)) * 2) / 3);
};

const stencil: StageRunner<'stencil'> = (pixels, stage) => {
  const at = readerOf(pixels);
  const { size, kernels, sumsChannels } = stage;
  const reach = (size - 1) / 2;
  const inputs = Array.from({ length: pixels.channels }, (_, channel) => channel);
  return fill(stage, (x, y, channel) => {
    let sum = 0;
    for (let j = 0; j < size; j++) {
      for (let i = 0; i < size; i++) {
        const [fromX, fromY] = [x + i - reach, y + j - reach];
        if (fromX < 0 || fromY < 0 || fromX >= pixels.width || fromY >= pixels.height) continue;
        const weight = kernels[(sumsChannels ? channel * size * size : 0) + j * size + i]!;
        const read = sumsChannels ? inputs : [channel];
        for (const from of read) sum += weight * at(fromX, fromY, from);
      }
    }
    return sum;
  });
};

/** By definition, along x and then along y. */
const powerSpectrum: StageRunner<'power-spectrum'> = (pixels, stage) => {
  const at = readerOf(pixels);
  const { width, height, channels } = pixels;
  const unit = (length: number) => Array.from({ length }, (_, i) => [Math.cos((2 * Math.PI * i) / length), Math.sin((2 * Math.PI * i) / length)] as const); // biome-ignore format: one formula
  const [alongX, alongY] = [unit(width), unit(height)];
  const rows = new Float64Array(width * height * channels * 2);
  const place = (k: number, y: number, channel: number): number => ((y * width + k) * channels + channel) * 2;
  for (let y = 0; y < height; y++) {
    for (let k = 0; k < width; k++) {
      for (let channel = 0; channel < channels; channel++) {
        let [real, imaginary] = [0, 0];
        for (let x = 0; x < width; x++) {
          const [cos, sin] = alongX[(x * k) % width]!;
          real += at(x, y, channel) * cos;
          imaginary -= at(x, y, channel) * sin;
        }
        rows.set([real, imaginary], place(k, y, channel));
      }
    }
  }
  const shifted = (output: number, length: number): number => (output + length - (length >> 1)) % length;
  return fill(stage, (x, y, channel) => {
    const [k, l] = [shifted(x, width), shifted(y, height)];
    let [real, imaginary] = [0, 0];
    for (let row = 0; row < height; row++) {
      const [cos, sin] = alongY[(row * l) % height]!;
      const from = place(k, row, channel);
      real += rows[from]! * cos + rows[from + 1]! * sin;
      imaginary += rows[from + 1]! * cos - rows[from]! * sin;
    }
    return real * real + imaginary * imaginary;
  });
};

const groupMean: StageRunner<'group-mean'> = (pixels, stage) => {
  const at = readerOf(pixels);
  return fill(stage, (group, _, channel) => {
    const places = stage.places.subarray(stage.starts[group], stage.starts[group + 1]);
    let sum = 0;
    for (const place of places) sum += at(place % pixels.width, Math.floor(place / pixels.width), channel);
    return sum / places.length;
  });
};

export const spectralStages = { npr, stencil, 'power-spectrum': powerSpectrum, 'group-mean': groupMean };
