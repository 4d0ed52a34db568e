import { isDiptychError } from '@diptych/plugin-kit';
import { type Thumbnail, thumbnailOf } from '../images/thumbnail.ts';
import type { IllustratedRun } from './reported-run.ts';
import type { GalleryItem } from './sections/gallery.ts';

/** By SHA-256. A picture that is gone or unreadable has no entry: the report then shows its caption and says so. */
export async function galleryThumbnails(
  run: IllustratedRun,
  gallery: readonly GalleryItem[],
): Promise<Record<string, Thumbnail>> {
  const thumbnails: Record<string, Thumbnail> = {};
  for (const { sha256 } of gallery) {
    try {
      thumbnails[sha256] ??= await thumbnailOf((await run.findImage(sha256)).bytes);
    } catch (error) {
      // A report must not fail for one picture: its numbers do not depend on media, which may have been deleted on purpose.
      if (!isDiptychError(error)) throw error;
    }
  }
  return thumbnails;
}
