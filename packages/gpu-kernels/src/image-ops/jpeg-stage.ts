/**
 * A JPEG round trip equal to libjpeg-turbo's: colour conversion in 16-bit fixed point, 2 × 2 chroma means with alternating
 * rounding, the islow DCT both ways, "fancy" chroma upsampling. Entropy coding changes no pixel and is left out. Source of
 * the arithmetic: libjpeg-turbo's documentation and behaviour, checked to the bit against Pillow in goldens/image-ops.
 */
import { forwardDct, inverseDct, requantised } from './jpeg-dct.ts';
import type { Pixels } from './pixels.ts';
import { fill, readerOf, type StageRunner } from './stage-runner.ts';

interface Plane {
  readonly width: number;
  readonly height: number;
  /** Rows of whole blocks. */
  readonly stride: number;
  readonly data: Uint8Array;
}
type Sample = (x: number, y: number) => number;

const toBlocks = (size: number): number => Math.ceil(size / 8) * 8;
const clampByte = (value: number): number => Math.min(255, Math.max(0, value));

/** Weights of red, green and blue times 2¹⁶, and what is added before the shift. */
const conversions = [
  [19595, 38470, 7471, 32768],
  [-11059, -21709, 32768, (128 << 16) + 32767],
  [32768, -27439, -5329, (128 << 16) + 32767],
] as const;

/** Component of the pixel at (x, y); beyond the edges, of the pixel at the edge. */
function componentOf(pixels: Pixels, component: 0 | 1 | 2): Sample {
  const at = readerOf(pixels);
  const [red, green, blue, rounding] = conversions[component];
  return (x, y) => {
    const [atX, atY] = [Math.min(x, pixels.width - 1), Math.min(y, pixels.height - 1)];
    return (at(atX, atY, 0) * red + at(atX, atY, 1) * green + at(atX, atY, 2) * blue + rounding) >> 16;
  };
}

/** Means of 2 × 2, rounded down in even columns and up in odd ones. Below the image, libjpeg repeats the last row of means. */
const halved =
  (sample: Sample, rows: number): Sample =>
  (x, y) => {
    const [left, top] = [2 * x, 2 * Math.min(y, rows - 1)];
    const sum = sample(left, top) + sample(left + 1, top) + sample(left, top + 1) + sample(left + 1, top + 1);
    return (sum + 1 + (x % 2)) >> 2;
  };

function throughBlocks(width: number, height: number, sample: Sample, table: Int32Array): Plane {
  const [stride, rows] = [toBlocks(width), toBlocks(height)];
  const data = new Uint8Array(stride * rows);
  const block = new Int32Array(64);
  for (let top = 0; top < rows; top += 8) {
    for (let left = 0; left < stride; left += 8) {
      for (let i = 0; i < 64; i++) block[i] = sample(left + (i % 8), top + (i >> 3)) - 128;
      forwardDct(block);
      for (let i = 0; i < 64; i++) block[i] = requantised(block[i]!, table[i]!);
      inverseDct(block);
      for (let i = 0; i < 64; i++) data[(top + (i >> 3)) * stride + left + (i % 8)] = clampByte(block[i]! + 128);
    }
  }
  return { width, height, stride, data };
}

/** Twice the size in both directions: ¾ of the nearest and ¼ of the next sample, along y and then along x. */
function upsampled({ width, height, stride, data }: Plane): Sample {
  // Narrower planes are repeated instead: the filter needs three columns.
  if (width <= 2) return (x, y) => data[(y >> 1) * stride + (x >> 1)]!;
  return (x, y) => {
    const row = y >> 1;
    const next = Math.min(height - 1, Math.max(0, y % 2 === 0 ? row - 1 : row + 1));
    const sum = (column: number): number => data[row * stride + column]! * 3 + data[next * stride + column]!;
    const column = x >> 1;
    const other = x % 2 === 0 ? column - 1 : column + 1;
    const rounding = x % 2 === 0 ? 8 : 7;
    if (other < 0 || other >= width) return (sum(column) * 4 + rounding) >> 4;
    return (sum(column) * 3 + sum(other) + rounding) >> 4;
  };
}

export const jpeg: StageRunner<'jpeg'> = (pixels, stage) => {
  const { width, height } = pixels;
  const plane = (component: 0 | 1 | 2): Plane => {
    const sample = componentOf(pixels, component);
    if (component === 0) return throughBlocks(width, height, sample, stage.luma);
    if (!stage.subsampled) return throughBlocks(width, height, sample, stage.chroma);
    const rows = Math.ceil(height / 2);
    return throughBlocks(Math.ceil(width / 2), rows, halved(sample, rows), stage.chroma);
  };
  const direct =
    ({ stride, data }: Plane): Sample =>
    (x, y) =>
      data[y * stride + x]!;
  const [luma, blue, red] = [plane(0), plane(1), plane(2)];
  const [y, cb, cr] = [direct(luma), ...[blue, red].map(stage.subsampled ? upsampled : direct)] as [Sample, Sample, Sample]; // biome-ignore format: three planes
  return fill(stage, (atX, atY, channel) => {
    const [light, b, r] = [y(atX, atY), cb(atX, atY) - 128, cr(atX, atY) - 128];
    if (channel === 0) return clampByte(light + ((91881 * r + 32768) >> 16));
    if (channel === 1) return clampByte(light + ((-22554 * b - 46802 * r + 32768) >> 16));
    return clampByte(light + ((116130 * b + 32768) >> 16));
  });
};
