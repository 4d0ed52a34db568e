/**
 * Decodes a batch so that one bad file costs one result, not the batch: the images that decode are scored together,
 * the others abstain with the reason.
 */
import { type DecodeOptions, isDiptychError, type PresentedImage, type RasterImage } from '@diptych/plugin-kit';

export interface Abstained {
  readonly status: 'abstained';
  readonly reason: string;
}

/** Faults of the image itself; anything else (a lost device, a bug) is thrown on. */
const imageFaults: readonly string[] = ['IMAGE_UNREADABLE', 'IMAGE_TOO_LARGE', 'IMAGE_UNSUPPORTED'];

/** Results are aligned with `images`. `score` gets the rasters that could be decoded, in order, and is not called for none. */
export async function scoreDecoded<Result>(
  images: readonly PresentedImage[],
  signal: AbortSignal,
  score: (rasters: readonly RasterImage[]) => Promise<readonly Result[]>,
  options?: DecodeOptions,
): Promise<readonly (Result | Abstained)[]> {
  signal.throwIfAborted();
  const decoded = await Promise.all(images.map((image) => decode(image, options)));
  const rasters = decoded.filter((result): result is RasterImage => !('status' in result));
  const results = rasters.length === 0 ? [] : await score(rasters);
  let next = 0;
  return decoded.map((result) => ('status' in result ? result : results[next++]!));
}

async function decode(image: PresentedImage, options: DecodeOptions | undefined): Promise<RasterImage | Abstained> {
  try {
    return await image.raster(options);
  } catch (error) {
    if (!isDiptychError(error) || !imageFaults.includes(error.code)) throw error;
    return { status: 'abstained', reason: error.message };
  }
}
