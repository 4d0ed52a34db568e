import {
  type DecodeOptions,
  type ImageInfo,
  LentPixels,
  lendRaster,
  type PresentedImage,
  type RasterImage,
} from '@diptych/plugin-kit';
import { sha256Hex } from '../text/canonical-json.ts';
import { systemFault } from '../text/system-fault.ts';
import { freePixels } from './free-pixels.ts';
import { doImageTask } from './image-threads.ts';
import type { ImageLimits } from './read-image-info.ts';

interface Decoded {
  readonly lent: LentPixels;
  readonly size: Pick<RasterImage, 'width' | 'height' | 'channels'>;
}
const decoded = ({ data, ...size }: RasterImage): Decoded => ({ lent: new LentPixels(data), size });

const takeBack = ({ lent }: Decoded): void => lent.takeBack((data) => freePixels({ data }));

/** What core holds of an image while plugins see it. */
export interface HeldImage extends PresentedImage {
  /**
   * To be called when nobody reads it any more: frees its pixels at once, or when runs that still read them have ended. Left to
   * the collector of garbage, which knows their size, a few dozen images cause a full collection on the thread that runs the
   * study. It may be decoded again afterwards.
   */
  release(): void;
}

/**
 * An image as judges and detectors see it: decoded when first asked for, once per option set. Bytes, facts and pixels are
 * copies, so that a plugin which writes into them changes nothing for the next. `known` saves work already done.
 */
export async function presentImage(
  bytes: Uint8Array,
  limits: ImageLimits,
  known: { readonly sha256?: string; readonly info?: ImageInfo } = {},
): Promise<HeldImage> {
  const own = known.info ? undefined : await doImageTask('identify', bytes, limits);
  const info = known.info ?? own!.info;
  const rasters = new Map<string, Promise<Decoded>>();
  return {
    sha256: known.sha256 ?? own?.sha256 ?? sha256Hex(bytes),
    get bytes() {
      // Not `slice`: that of a Buffer shares its memory.
      return new Uint8Array(bytes);
    },
    get info() {
      return structuredClone(info);
    },
    async raster(options: DecodeOptions = {}) {
      const key = `${info.orientation === 1 ? 'ignore' : (options.orientation ?? 'ignore')} ${info.hasAlpha ? (options.alpha ?? 'drop') : 'drop'}`;
      const made = rasters.get(key) ?? doImageTask('decode', bytes, limits, options, info).then(decoded);
      rasters.set(key, made);
      const raster = await made.catch((error: unknown) => {
        // A fault of the machine may pass; the call is tried again.
        if (systemFault(error)) rasters.delete(key);
        throw error;
      });
      return lendRaster(raster.lent, raster.size);
    },
    release() {
      for (const made of rasters.values()) made.then(takeBack, () => undefined);
      rasters.clear();
    },
  };
}
