/** The one door to sharp. libvips keeps decoded images in a cache by default; a run of a million images must not. */
import sharp, { type Sharp } from 'sharp';
import { isAvifSequence } from './container.ts';
import { isTiff, withKnownOrientation } from './tiff-directory.ts';

sharp.cache(false);

/** The same bytes, or a copy with what the codecs stumble over put right: libvips knows no AVIF by the brand of a sequence. */
function openable(bytes: Uint8Array): Uint8Array {
  if (isTiff(bytes)) return withKnownOrientation(bytes);
  if (!isAvifSequence(bytes)) return bytes;
  const copy = Uint8Array.from(bytes);
  copy.set(Buffer.from('avif'), 8);
  return copy;
}

/**
 * Options for every decode: ICC profiles are ignored as Pillow's `convert` does, a damaged or truncated file is an error,
 * frame 0 only. `error` rather than `truncated`, at which a TIFF whose strips cannot be decoded is black in their place.
 */
export const openImage = (bytes: Uint8Array, maxPixels: number | false): Sharp =>
  sharp(openable(bytes), {
    failOn: 'error',
    limitInputPixels: maxPixels,
    ignoreIcc: true,
    page: 0,
    pages: 1,
    sequentialRead: true,
  });

export { type Sharp, sharp };
