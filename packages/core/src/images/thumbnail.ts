import { DiptychError } from '@diptych/plugin-kit';
import { openImage } from './codec.ts';

/** Longest side in pixels, then the WebP quality: tried in turn until the data URI fits. */
const attempts = [
  { side: 160, quality: 70 },
  { side: 160, quality: 45 },
  { side: 128, quality: 35 },
  { side: 96, quality: 25 },
  { side: 64, quality: 20 },
] as const;
/** A report embeds up to 48 of them. */
export const mostThumbnailBytes = 6 * 1024;

/** A small WebP of an image as a data URI of at most 6 KiB, without metadata. Throws IMAGE_UNREADABLE. */
export async function thumbnailDataUri(bytes: Uint8Array): Promise<string> {
  for (const { side, quality } of attempts) {
    const encoded = await openImage(bytes, 1e9)
      .resize(side, side, { fit: 'inside', withoutEnlargement: true })
      .webp({ quality, effort: 4 })
      .toBuffer()
      .catch((cause: unknown) => {
        throw new DiptychError(
          'IMAGE_UNREADABLE',
          'Expected an image to make a thumbnail of, but it cannot be decoded. Look at the stored file.',
          { cause },
        );
      });
    const uri = `data:image/webp;base64,${encoded.toString('base64')}`;
    if (uri.length <= mostThumbnailBytes) return uri;
  }
  throw new DiptychError(
    'INVARIANT_BROKEN',
    `Expected a thumbnail of 64 pixels to fit ${mostThumbnailBytes} bytes, but it does not. This is a bug in Diptych.`,
  );
}
