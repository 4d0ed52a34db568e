import { openImage } from './codec.ts';
import { type ImageLimits, readImageInfo } from './read-image-info.ts';

const defaultLimits: ImageLimits = { maxImageBytes: 64 * 2 ** 20, maxImagePixels: 100_000_000 };

/**
 * A WebP of `longestSide` pixels in which nothing can be recognised: shrunk to 24 pixels, which destroys the detail for
 * good but leaves silhouettes, then smoothed by an eighth of the side, which merges these too. Both numbers are arbitrary
 * choices, checked by eye. Rejects with IMAGE_UNREADABLE, IMAGE_UNSUPPORTED or IMAGE_TOO_LARGE.
 */
export async function blurredPreview(
  bytes: Uint8Array,
  limits: ImageLimits = defaultLimits,
  longestSide = 384,
): Promise<Uint8Array> {
  await readImageInfo(bytes, limits);
  const tiny = await openImage(bytes, limits.maxImagePixels)
    .resize(24, 24, { fit: 'inside' })
    .flatten({ background: '#fff' })
    .png()
    .toBuffer();
  const preview = await openImage(tiny, limits.maxImagePixels)
    .resize(longestSide, longestSide, { fit: 'inside', kernel: 'cubic' })
    .blur(longestSide / 8)
    .webp({ quality: 60 })
    .toBuffer();
  return new Uint8Array(preview);
}
