import type { DecodeOptions, ImageInfo, PresentedImage, RasterImage } from '@diptych/plugin-kit';
import { sha256Hex } from '../text/canonical-json.ts';
import { systemFault } from '../text/system-fault.ts';
import { decodeImage } from './decode-image.ts';
import { type ImageLimits, readImageInfo } from './read-image-info.ts';

/**
 * An image as judges and detectors see it: decoded when first asked for, once per option set. Bytes and pixels are
 * copies, so that a plugin which writes into them changes nothing for the next. `known` saves work already done.
 */
export async function presentImage(
  bytes: Uint8Array,
  limits: ImageLimits,
  known: { readonly sha256?: string; readonly info?: ImageInfo } = {},
): Promise<PresentedImage> {
  const info = known.info ?? (await readImageInfo(bytes, limits));
  const rasters = new Map<string, Promise<RasterImage>>();
  return {
    sha256: known.sha256 ?? sha256Hex(bytes),
    get bytes() {
      // Not `slice`: that of a Buffer shares its memory.
      return new Uint8Array(bytes);
    },
    info,
    async raster(options: DecodeOptions = {}) {
      const key = `${info.orientation === 1 ? 'ignore' : (options.orientation ?? 'ignore')} ${info.hasAlpha ? (options.alpha ?? 'drop') : 'drop'}`;
      const made = rasters.get(key) ?? decodeImage(bytes, limits, options, info);
      rasters.set(key, made);
      const raster = await made.catch((error: unknown) => {
        // A fault of the machine may pass; the call is tried again.
        if (systemFault(error)) rasters.delete(key);
        throw error;
      });
      return { ...raster, data: new Uint8Array(raster.data) };
    },
  };
}

/** True when every channel stays within 2 levels over the whole image: a black or constant stand-in for a picture. */
export function isConstant({ data, channels }: RasterImage): boolean {
  for (let channel = 0; channel < channels; channel++) {
    let low = 255;
    let high = 0;
    for (let at = channel; at < data.length; at += channels) {
      const value = data[at]!;
      if (value < low) low = value;
      if (value > high) high = value;
      if (high - low > 2) return false;
    }
  }
  return true;
}
