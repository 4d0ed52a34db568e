import { DiptychError } from '@diptych/plugin-kit';
import { blurredPreview } from './blurred-preview.ts';
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

/** Data URIs of WebP files without metadata. */
export interface Thumbnail {
  /** At most 6 KiB. */
  readonly clear: string;
  /** Blurred in its pixels, so that it stays so where no style sheet applies: in a reader view, dragged, in a tab of its own. */
  readonly blurred: string;
}

const dataUri = (webp: Uint8Array): string => `data:image/webp;base64,${Buffer.from(webp).toString('base64')}`;

/** Throws IMAGE_UNREADABLE. */
export async function thumbnailOf(bytes: Uint8Array): Promise<Thumbnail> {
  const clear = await clearThumbnail(bytes);
  return { clear: dataUri(clear), blurred: dataUri(await blurredPreview(clear, undefined, attempts[0].side)) };
}

async function clearThumbnail(bytes: Uint8Array): Promise<Uint8Array> {
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
    if (dataUri(encoded).length <= mostThumbnailBytes) return encoded;
  }
  throw new DiptychError(
    'INVARIANT_BROKEN',
    `Expected a thumbnail of 64 pixels to fit ${mostThumbnailBytes} bytes, but it does not. This is a bug in Diptych.`,
  );
}
