/** The one door to sharp. libvips keeps decoded images in a cache by default; a run of a million images must not. */
import sharp, { type Sharp } from 'sharp';

sharp.cache(false);

/** Options for every decode: ICC profiles are ignored as Pillow's `convert` does, a truncated file is an error, frame 0 only. */
export const openImage = (bytes: Uint8Array, maxPixels: number | false): Sharp =>
  sharp(bytes, {
    failOn: 'truncated',
    limitInputPixels: maxPixels,
    ignoreIcc: true,
    page: 0,
    pages: 1,
    sequentialRead: true,
  });

export { type Sharp, sharp };
