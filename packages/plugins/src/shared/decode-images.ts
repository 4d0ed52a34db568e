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
  const results = rasters.length === 0 ? [] : await scoreOrAbstain(rasters, score);
  let next = 0;
  return decoded.map((result) => ('status' in result ? result : results[next++]!));
}

/**
 * An image that the network's recipe cannot take, such as one smaller than a crop, abstains where it came alone. Where it came
 * with others the batch fails, and core calls again with each alone.
 */
async function scoreOrAbstain<Result>(
  rasters: readonly RasterImage[],
  score: (rasters: readonly RasterImage[]) => Promise<readonly Result[]>,
): Promise<readonly (Result | Abstained)[]> {
  try {
    return await score(rasters);
  } catch (error) {
    const isOfImage = isDiptychError(error) && error.code === 'RUN_INPUT_INVALID' && error.details['image'] !== undefined;
    if (!isOfImage || rasters.length > 1) throw error;
    return [{ status: 'abstained', reason: error.message }];
  }
}

async function decode(image: PresentedImage, options: DecodeOptions | undefined): Promise<RasterImage | Abstained> {
  try {
    return await image.raster(options);
  } catch (error) {
    if (!isDiptychError(error) || !imageFaults.includes(error.code)) throw error;
    return { status: 'abstained', reason: error.message };
  }
}
