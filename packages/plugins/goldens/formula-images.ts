/**
 * Pictures from integer formulas, so that a golden made by another program on the same pixels needs no image file.
 * `formula_images.py` holds the same formulas; each golden stores the SHA-256 of the pixels, and tests compare it first.
 */
export const formulas = ['gradient', 'noise', 'blobs', 'chirp'] as const;
export type Formula = (typeof formulas)[number];

export interface FormulaImage {
  readonly formula: Formula;
  readonly width: number;
  readonly height: number;
  /** Unsigned, below 2^16. */
  readonly seed: number;
}
interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly channels: 3;
  readonly data: Uint8Array;
}

/** What goldens are made on: square and not, smaller and larger than network inputs, one pixel. */
export const goldenImages: readonly FormulaImage[] = [
  { formula: 'gradient', width: 224, height: 224, seed: 0 },
  { formula: 'noise', width: 224, height: 224, seed: 1 },
  { formula: 'blobs', width: 256, height: 256, seed: 2 },
  { formula: 'blobs', width: 640, height: 427, seed: 3 },
  { formula: 'chirp', width: 300, height: 512, seed: 4 },
  { formula: 'blobs', width: 97, height: 131, seed: 5 },
  { formula: 'noise', width: 61, height: 40, seed: 6 },
  { formula: 'chirp', width: 1024, height: 768, seed: 7 },
  { formula: 'gradient', width: 1, height: 1, seed: 8 },
];

/** The 32-bit finaliser of MurmurHash3 (Austin Appleby, public domain). */
function hash(value: number): number {
  let bits = value >>> 0;
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return (bits ^ (bits >>> 16)) >>> 0;
}

type Pixel = (x: number, y: number, channel: number) => number;

function gradient({ width, height }: FormulaImage): Pixel {
  const [right, bottom] = [Math.max(1, width - 1), Math.max(1, height - 1)];
  return (x, y, channel) =>
    Math.floor([(255 * x) / right, (255 * y) / bottom, (255 * (x + y)) / (right + bottom)][channel]!);
}

const noise =
  ({ width, seed }: FormulaImage): Pixel =>
  (x, y, channel) =>
    hash((y * width + x) * 3 + channel + seed * 0x10000) & 255;

/** Eight discs of one colour each over a tinted ground. */
function blobs({ width, height, seed }: FormulaImage): Pixel {
  const draw = (index: number): number => hash(seed * 0x10000 + index);
  const discs = Array.from({ length: 8 }, (_, disc) => ({
    x: draw(disc * 8) % width,
    y: draw(disc * 8 + 1) % height,
    radius: 1 + (draw(disc * 8 + 2) % Math.max(1, Math.floor(Math.min(width, height) / 3))),
    colour: [draw(disc * 8 + 3) & 255, draw(disc * 8 + 4) & 255, draw(disc * 8 + 5) & 255],
  }));
  return (x, y, channel) => {
    const disc = discs.findLast((each) => (x - each.x) ** 2 + (y - each.y) ** 2 <= each.radius ** 2);
    return disc ? disc.colour[channel]! : 90 + 40 * channel + (draw(64) & 31);
  };
}

const chirp =
  ({ seed }: FormulaImage): Pixel =>
  (x, y, channel) =>
    ((x * x * (3 + channel) + y * y * 5 + x * y * seed) >>> 6) & 255;

const pixelOf: Record<Formula, (image: FormulaImage) => Pixel> = { gradient, noise, blobs, chirp };

/** Interleaved RGB. */
export function drawFormulaImage(image: FormulaImage): Pixels {
  const { width, height } = image;
  const pixel = pixelOf[image.formula](image);
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let channel = 0; channel < 3; channel++) data[(y * width + x) * 3 + channel] = pixel(x, y, channel);
    }
  }
  return { width, height, channels: 3, data };
}

export const formulaImageName = ({ formula, width, height, seed }: FormulaImage): string =>
  `${formula}-${width}x${height}-${seed}`;
