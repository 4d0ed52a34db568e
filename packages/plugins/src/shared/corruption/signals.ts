/**
 * Measures of a picture that shows no coherent scene. None is proof; each is high on one way in which generators fail.
 * No public detector of "corrupted" exists for this meaning, and the rule of arXiv 2603.24079 is not known, so these
 * are our choice, to be validated against human labels (`diptych labels`); the report prints their error where there are some.
 */
import type { GreyImage } from './grey-image.ts';

/** Variance of the 4-neighbour Laplacian; DiffusionDB (arXiv 2210.14896) marks pictures under 10 as blurred. */
export function laplacianVariance({ width, height, luma }: GreyImage): number {
  let [sum, squares, count] = [0, 0, 0];
  for (let y = 1; y + 1 < height; y++) {
    for (let x = 1; x + 1 < width; x++) {
      const at = y * width + x;
      const value = luma[at - 1]! + luma[at + 1]! + luma[at - width]! + luma[at + width]! - 4 * luma[at]!;
      sum += value;
      squares += value * value;
      count += 1;
    }
  }
  return count === 0 ? 0 : squares / count - (sum / count) ** 2;
}

/** Shannon entropy of the brightness histogram in 256 bins, 0 to 8 bits. */
export function entropyBits({ luma }: GreyImage): number {
  const counts = new Uint32Array(256);
  for (const value of luma) counts[Math.min(255, Math.max(0, Math.round(value)))]! += 1;
  let bits = 0;
  for (const count of counts) if (count > 0) bits -= (count / luma.length) * Math.log2(count / luma.length);
  return bits;
}

const blockSide = 16;
/** Deviation within a block, in levels, under which it counts as flat. */
const flatDeviation = 2;

/** Share of 16×16 blocks without texture. 0 where the picture holds no whole block. */
export function flatShare({ width, height, luma }: GreyImage): number {
  let [flat, count] = [0, 0];
  for (let top = 0; top + blockSide <= height; top += blockSide) {
    for (let left = 0; left + blockSide <= width; left += blockSide) {
      let [sum, squares] = [0, 0];
      for (let y = top; y < top + blockSide; y++)
        for (let x = left; x < left + blockSide; x++) {
          const value = luma[y * width + x]!;
          sum += value;
          squares += value * value;
        }
      const n = blockSide * blockSide;
      if (Math.max(0, squares / n - (sum / n) ** 2) < flatDeviation ** 2) flat += 1;
      count += 1;
    }
  }
  return count === 0 ? 0 : flat / count;
}

/** Share of pixels of screaming colour (saturation × value above 0.8). */
export function saturatedShare({ colour }: GreyImage): number {
  let count = 0;
  for (const value of colour) if (value > 0.8) count += 1;
  return count / colour.length;
}

/** Correlation of each pixel with its right neighbour; near 1 in scenes, near 0 in noise. 1 for a flat picture. */
export function neighbourCorrelation(image: GreyImage): number {
  return shiftCorrelation(image, 1, 0);
}

/** Pearson correlation of the picture with itself moved by (dx, dy), over what overlaps; 1 where nothing varies. */
function shiftCorrelation({ width, height, luma }: GreyImage, dx: number, dy: number): number {
  let [count, a, b, aa, bb, ab] = [0, 0, 0, 0, 0, 0];
  for (let y = 0; y + dy < height; y++) {
    for (let x = 0; x + dx < width; x++) {
      const here = luma[y * width + x]!;
      const there = luma[(y + dy) * width + x + dx]!;
      a += here;
      b += there;
      aa += here * here;
      bb += there * there;
      ab += here * there;
      count += 1;
    }
  }
  if (count === 0) return 1;
  const spread = Math.sqrt(Math.max(0, aa - (a * a) / count) * Math.max(0, bb - (b * b) / count));
  return spread < 1e-6 * count ? 1 : (ab - (a * b) / count) / spread;
}

/** Shortest tile looked for, as a share of the side. */
const shortestTile = 1 / 16;

/**
 * How much the picture repeats itself: over shifts of a sixteenth to a half of the side, along x or along y, the
 * highest peak of the self-correlation that rises above the valley between it and zero shift. Smooth pictures
 * correlate with themselves at every shift and have no such rise. 0 to 1.
 */
export function tileRepetition(image: GreyImage): number {
  const step = Math.max(1, Math.round(Math.min(image.width, image.height) / 128));
  return Math.max(repetitionAlong(image, image.width, step, true), repetitionAlong(image, image.height, step, false));
}

function repetitionAlong(image: GreyImage, side: number, step: number, alongX: boolean): number {
  let valley = 1;
  let best = 0;
  for (let shift = step; shift <= side / 2; shift += step) {
    const correlation = shiftCorrelation(image, alongX ? shift : 0, alongX ? 0 : shift);
    valley = Math.min(valley, correlation);
    if (shift >= side * shortestTile && correlation - valley > 0.3) best = Math.max(best, correlation);
  }
  return Math.max(0, best);
}
