/**
 * The robustness sweep: one change to every image, synthetic and authentic alike, from the bytes as received.
 * Deterministic: the same bytes and the same name give the same pixels; the seed of `noise-S` is the digest of the bytes.
 * Pixels are decoded at full size as everywhere (no rotation, alpha dropped), but for `screenshot`.
 * What comes out is a file of one container for both classes: JPEG for `jpeg-Q`, WebP for `webp-Q`, else PNG, which adds
 * no loss of its own. So the container tells nothing any more; size and compressibility still can, and the format audit runs on it.
 */
import { DiptychError, type ImageInfo, type Perturbation, type RasterImage } from '@diptych/plugin-kit';
import { normalQuantile } from '../metrics/normal.ts';
import { createRandom, deriveSeed } from '../metrics/random.ts';
import { describeError } from '../text/describe-error.ts';
import { type Sharp, sharp } from './codec.ts';
import { decodeImage } from './decode-image.ts';
import type { ImageLimits } from './read-image-info.ts';
import { unreadableImage } from './unreadable-image.ts';

/** A phone's portrait screen: an arbitrary but common size. */
export const screen = { width: 1080, height: 1920 } as const;

export interface PerturbationInput {
  /** Of the bytes as received. */
  readonly sha256: string;
  readonly limits: ImageLimits;
  readonly info?: ImageInfo;
}

/** Rejects with IMAGE_UNREADABLE, IMAGE_UNSUPPORTED or IMAGE_TOO_LARGE (where the result would exceed `limits.maxImagePixels`). */
export async function perturbImage(
  { kind, amount }: Perturbation,
  bytes: Uint8Array,
  { sha256, limits, info }: PerturbationInput,
): Promise<Uint8Array> {
  const shown = kind === 'screenshot' ? ({ orientation: 'apply', alpha: 'white' } as const) : {};
  const raster = await decodeImage(bytes, limits, shown, info);
  try {
    switch (kind) {
      case 'jpeg':
        return await jpeg(raster, amount);
      case 'webp':
        return await written(opened(raster).webp({ quality: amount }));
      case 'resize':
        return await resized(raster, amount / 100, limits);
      case 'blur':
        // Float precision and a mask out to 1 % of the peak: the default truncates at 20 %, which is no Gaussian any more.
        return await png(opened(raster).blur({ sigma: amount, precision: 'float', minAmplitude: 0.01 }));
      case 'noise':
        return await png(opened(withNoise(raster, amount, sha256)));
      case 'crop':
        return await png(opened(raster).extract(middleOf(raster, amount / 100)));
      case 'screenshot':
        return await resized(raster, Math.min(screen.width / raster.width, screen.height / raster.height), limits);
    }
  } catch (cause) {
    if (cause instanceof DiptychError) throw cause;
    throw unreadableImage(cause, `Expected an image that ${kind} can be applied to, got: ${describeError(cause, 300)}.`);
  }
}

const opened = ({ data, width, height }: RasterImage): Sharp =>
  sharp(data, { raw: { width, height, channels: 3 }, limitInputPixels: false });

const written = async (image: Sharp): Promise<Uint8Array> => new Uint8Array(await image.toBuffer());
/** The least effort: the file is read once and thrown away. */
const png = (image: Sharp): Promise<Uint8Array> => written(image.png({ compressionLevel: 1 }));

/** Plain libjpeg coding, baseline, 4:2:0, standard tables: mozjpeg's would leave a trace of their own. */
const jpeg = (raster: RasterImage, quality: number): Promise<Uint8Array> =>
  written(opened(raster).jpeg({ quality, chromaSubsampling: '4:2:0', mozjpeg: false, optimiseCoding: false }));

/** libvips' cubic kernel, widened when shrinking so that nothing aliases. Both sides are rounded and at least 1. */
function resized(raster: RasterImage, scale: number, { maxImagePixels }: ImageLimits): Promise<Uint8Array> {
  const [width, height] = [raster.width, raster.height].map((side) => Math.max(1, Math.round(side * scale))) as [
    number,
    number,
  ];
  if (width * height > maxImagePixels)
    throw new DiptychError(
      'IMAGE_TOO_LARGE',
      `Expected at most ${maxImagePixels} pixels after resizing, got ${width}×${height}. Shrink the image or raise limits.maxImagePixels.`,
    );
  return png(opened(raster).resize(width, height, { kernel: 'cubic', fit: 'fill' }));
}

/** The centred rectangle with `share` of each side, rounded and at least 1 pixel. */
export function middleOf({ width, height }: { readonly width: number; readonly height: number }, share: number) {
  const [cropWidth, cropHeight] = [Math.max(1, Math.round(width * share)), Math.max(1, Math.round(height * share))];
  return {
    left: Math.floor((width - cropWidth) / 2),
    top: Math.floor((height - cropHeight) / 2),
    width: cropWidth,
    height: cropHeight,
  };
}

/** Equally likely values of a standard normal: 16 random bits choose one. Ends at 4.3 deviations; the variance is 1 to four digits. */
let quantiles: Float64Array | undefined;
const steps = 65_536;
function normalQuantiles(): Float64Array {
  quantiles ??= Float64Array.from({ length: steps }, (_, step) => normalQuantile((step + 0.5) / steps));
  return quantiles;
}

/** Independent Gaussian noise on every channel of every pixel, rounded and cut to 0 to 255. */
function withNoise({ data, width, height, channels }: RasterImage, sigma: number, sha256: string): RasterImage {
  const values = normalQuantiles();
  const { nextUint32 } = createRandom(deriveSeed('noise', sha256, sigma));
  const noisy = new Uint8ClampedArray(data.length);
  let bits = 0;
  for (let at = 0; at < data.length; at++) {
    bits = at % 2 === 0 ? nextUint32() : bits >>> 16;
    noisy[at] = data[at]! + sigma * values[bits & 0xffff]!;
  }
  return { data: new Uint8Array(noisy.buffer), width, height, channels };
}
