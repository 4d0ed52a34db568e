/** For tests: the loss of a JPEG file without a codec. Brightness is quantised in 8 × 8 cosine blocks, colour is halved in size. */
import type { RasterImage } from '@diptych/plugin-kit';

/** Luminance table of ITU-T T.81, annex K.1. */
const lumaTable = [
  16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29, 51, 87, 80,
  62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92, 49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98,
  112, 100, 103, 99,
];

/** cosine[frequency * 8 + place], orthonormal. */
const cosine = Float64Array.from(
  { length: 64 },
  (_, i) => (i < 8 ? Math.SQRT1_2 : 1) * 0.5 * Math.cos(((2 * (i % 8) + 1) * Math.floor(i / 8) * Math.PI) / 16),
);

function transform(block: Float64Array, isForward: boolean): Float64Array {
  const rows = new Float64Array(64);
  const out = new Float64Array(64);
  const basis = (k: number, n: number) => (isForward ? cosine[k * 8 + n]! : cosine[n * 8 + k]!);
  for (let y = 0; y < 8; y++)
    for (let k = 0; k < 8; k++) for (let n = 0; n < 8; n++) rows[y * 8 + k]! += basis(k, n) * block[y * 8 + n]!;
  for (let x = 0; x < 8; x++)
    for (let k = 0; k < 8; k++) for (let n = 0; n < 8; n++) out[k * 8 + x]! += basis(k, n) * rows[n * 8 + x]!;
  return out;
}

/** libjpeg's scaling of the tables by quality. */
const stepOf = (entry: number, quality: number): number =>
  Math.max(1, Math.floor((entry * (quality < 50 ? 5000 / quality : 200 - 2 * quality) + 50) / 100));

function quantise(plane: Float64Array, size: number, quality: number): void {
  const block = new Float64Array(64);
  for (let top = 0; top < size; top += 8) {
    for (let left = 0; left < size; left += 8) {
      for (let i = 0; i < 64; i++) block[i] = plane[(top + (i >> 3)) * size + left + (i & 7)]! - 128;
      const levels = transform(block, true).map(
        (value, i) => Math.round(value / stepOf(lumaTable[i]!, quality)) * stepOf(lumaTable[i]!, quality),
      );
      const back = transform(levels, false);
      for (let i = 0; i < 64; i++) plane[(top + (i >> 3)) * size + left + (i & 7)] = back[i]! + 128;
    }
  }
}

/** A square picture whose side is a multiple of 8, as it looks after JPEG at this quality with 4:2:0 colour. */
export function jpegLike({ width: size, channels, data }: RasterImage, quality: number): RasterImage {
  const luma = new Float64Array(size * size);
  const red = new Float64Array(size * size);
  const blue = new Float64Array(size * size);
  for (let i = 0; i < size * size; i++) {
    const [r, g, b] = [data[i * channels]!, data[i * channels + 1]!, data[i * channels + 2]!];
    luma[i] = 0.299 * r + 0.587 * g + 0.114 * b;
    red[i] = r - luma[i]!;
    blue[i] = b - luma[i]!;
  }
  quantise(luma, size, quality);
  const out = new Uint8Array(size * size * 3);
  const halved = (plane: Float64Array, i: number) => {
    const corner = i - (i % 2) - (Math.floor(i / size) % 2) * size;
    return (plane[corner]! + plane[corner + 1]! + plane[corner + size]! + plane[corner + size + 1]!) / 4;
  };
  for (let i = 0; i < size * size; i++) {
    const [y, r, b] = [luma[i]!, halved(red, i), halved(blue, i)];
    const green = y - (0.299 * r + 0.114 * b) / 0.587;
    for (const [c, value] of [y + r, green, y + b].entries()) out[i * 3 + c] = Math.min(255, Math.max(0, Math.round(value)));
  }
  return { width: size, height: size, channels: 3, data: out };
}
