/** The one door to sharp. libvips keeps decoded images in a cache by default; a run of a million images must not. */
import sharp, { type Sharp } from 'sharp';
import { isTiff, withKnownOrientation } from './tiff-directory.ts';

sharp.cache(false);

/**
 * Options for every decode: ICC profiles are ignored as Pillow's `convert` does, a damaged or truncated file is an error,
 * frame 0 only. `error` rather than `truncated`, at which a TIFF whose strips cannot be decoded is black in their place.
 */
export const openImage = (bytes: Uint8Array, maxPixels: number | false): Sharp =>
  sharp(isTiff(bytes) ? withKnownOrientation(bytes) : bytes, {
    failOn: 'error',
    limitInputPixels: maxPixels,
    ignoreIcc: true,
    page: 0,
    pages: 1,
    sequentialRead: true,
  });

export { type Sharp, sharp };
