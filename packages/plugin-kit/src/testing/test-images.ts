/** Images for tests: drawn in pixels and stored as real PNG files, so that plugins see bytes, headers and pixels that agree. */
import { createHash } from 'node:crypto';
import type { DecodeOptions, ImageInfo, PresentedImage, RasterImage } from '../image.ts';
import { decodePng, encodePng } from '../png.ts';

function withAlpha(raster: RasterImage, alpha: NonNullable<DecodeOptions['alpha']>): RasterImage {
  if (raster.channels === 3 || alpha === 'keep') return raster;
  const count = raster.width * raster.height;
  const data = new Uint8Array(count * 3);
  for (let i = 0; i < count; i++) {
    const opacity = alpha === 'white' ? raster.data[i * 4 + 3]! / 255 : 1;
    for (let c = 0; c < 3; c++) data[i * 3 + c] = Math.round(raster.data[i * 4 + c]! * opacity + 255 * (1 - opacity));
  }
  return { width: raster.width, height: raster.height, channels: 3, data };
}

function present(raster: RasterImage, bytes: Uint8Array): PresentedImage {
  const info: ImageInfo = {
    container: 'png',
    width: raster.width,
    height: raster.height,
    channels: raster.channels,
    bitsPerChannel: 8,
    hasAlpha: raster.channels === 4,
    hasProfile: false,
    hasExif: false,
    hasC2pa: false,
    orientation: 1,
    frames: 1,
    sizeBytes: bytes.length,
  };
  const decoded = new Map<string, RasterImage>();
  return {
    sha256: createHash('sha256').update(bytes).digest('hex'),
    bytes,
    info,
    async raster({ alpha = 'drop' } = {}) {
      const known = decoded.get(alpha) ?? withAlpha(raster, alpha);
      decoded.set(alpha, known);
      return known;
    },
  };
}

/** A raster as core would present it, its file being a PNG of exactly these pixels. */
export function presentedFromRaster(raster: RasterImage): PresentedImage {
  return present(raster, encodePng(raster));
}

/** The bytes of a PNG that `encodePng` wrote, such as those of a simulated generator. */
export function presentedFromPng(bytes: Uint8Array): PresentedImage {
  return present(decodePng(bytes), bytes);
}

/** In pixels; 64 where absent. */
export interface TestImageSize {
  readonly width?: number;
  readonly height?: number;
}

function paint(
  { width = 64, height = 64 }: TestImageSize,
  colour: (x: number, y: number) => readonly number[],
): PresentedImage {
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) data.set(colour(x, y), (y * width + x) * 3);
  return presentedFromRaster({ width, height, channels: 3, data });
}

/** One colour, red, green and blue from 0 to 255. */
export function solidImage(colour: readonly [number, number, number], size: TestImageSize = {}): PresentedImage {
  return paint(size, () => colour);
}

/** Red rises from left to right, green from top to bottom; blue is constant. */
export function gradientImage(size: TestImageSize = {}, blue = 96): PresentedImage {
  const { width = 64, height = 64 } = size;
  return paint(size, (x, y) => [
    Math.round((255 * x) / Math.max(1, width - 1)),
    Math.round((255 * y) / Math.max(1, height - 1)),
    blue,
  ]);
}

/** Independent uniform noise, the same for the same seed (xorshift32, Marsaglia 2003). */
export function noiseImage(seed: number, size: TestImageSize = {}): PresentedImage {
  let state = (Math.imul(seed, 2654435761) ^ 0x9e3779b9) >>> 0 || 1;
  const next = () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state & 255;
  };
  return paint(size, () => [next(), next(), next()]);
}

/** Four different images of different sizes: enough to notice a plugin that mixes up its batch. */
export function sampleImages(): readonly PresentedImage[] {
  return [
    gradientImage({ width: 96, height: 80 }),
    noiseImage(1, { width: 72, height: 96 }),
    solidImage([200, 40, 90], { width: 80, height: 80 }),
    noiseImage(2, { width: 128, height: 64 }),
  ];
}
