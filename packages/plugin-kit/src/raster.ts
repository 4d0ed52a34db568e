/** Pixels that many read and nobody copies, under the contract that a plugin may write into what it was given. */
import { DiptychError } from './errors.ts';
import type { RasterImage } from './image.ts';

/** Pixels that are lent until they are taken back. */
export interface LentPixels {
  pixels: Uint8Array | undefined;
}
const lent = new WeakMap<RasterImage, LentPixels>();

function pixelsNow({ pixels }: LentPixels): Uint8Array {
  if (pixels) return pixels;
  throw new DiptychError(
    'INVARIANT_BROKEN',
    'Expected pixels to be read before the call that was given the image has ended, they are gone. Copy `data` within the call.',
  );
}

/**
 * A raster whose `data` is a copy of the pixels, made when it is first asked for. Runtimes read the pixels themselves by `pixelsOf`:
 * copying 3 MB into memory that is new to the process takes longer than a GPU needs to score the picture.
 */
export function lendRaster(
  source: LentPixels,
  size: Pick<RasterImage, 'width' | 'height' | 'channels' | 'view'>,
): RasterImage {
  let copy: Uint8Array | undefined;
  const raster: RasterImage = {
    ...size,
    get data() {
      copy ??= new Uint8Array(pixelsNow(source));
      lent.delete(raster); // whoever has the copy may write into it, and means it
      return copy;
    },
  };
  lent.set(raster, source);
  return raster;
}

/** The pixels of a raster, to be read and never to be written into. They may lie in memory that threads share. */
export function pixelsOf(raster: RasterImage): Uint8Array {
  const source = lent.get(raster);
  return source ? pixelsNow(source) : raster.data;
}

/** The same picture for another view of a recipe (`viewsOf`), its pixels not copied. */
export function withView(raster: RasterImage, view: number): RasterImage {
  const { width, height, channels } = raster;
  const source = lent.get(raster);
  return source ? lendRaster(source, { width, height, channels, view }) : { ...raster, view };
}
