/** Pixels that many read and nobody copies, under the contract that a plugin may write into what it was given. */
import { DiptychError } from './errors.ts';
import type { RasterImage } from './image.ts';

/** Pixels that are lent until they are taken back. */
export class LentPixels {
  #pixels: Uint8Array | undefined;
  #holds = 0;
  #free: (() => void) | undefined;

  constructor(pixels: Uint8Array) {
    this.#pixels = pixels;
  }

  /** Throws INVARIANT_BROKEN once they were taken back. */
  get pixels(): Uint8Array {
    if (this.#pixels) return this.#pixels;
    throw new DiptychError(
      'INVARIANT_BROKEN',
      'Expected pixels to be read before the call that was given the image has ended, they are gone. Copy `data` within the call.',
    );
  }

  /** Nobody gets them any more, and they are freed: now, or when nobody holds them. Once. */
  takeBack(free: (pixels: Uint8Array) => void): void {
    const pixels = this.#pixels;
    if (pixels === undefined) return;
    this.#pixels = undefined;
    if (this.#holds === 0) free(pixels);
    else this.#free = () => free(pixels);
  }

  /** They are not freed before what this returns is called, once. */
  hold(): () => void {
    this.#holds++;
    return () => {
      if (--this.#holds === 0) this.#free?.();
    };
  }
}
const lent = new WeakMap<RasterImage, LentPixels>();

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
      copy ??= new Uint8Array(source.pixels);
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
  return source ? source.pixels : raster.data;
}

/**
 * Keeps the pixels of a raster for another thread that reads them where they are, until what it returns is called, once. Undefined
 * where they were not lent: whoever has them may write into them, or give their memory away.
 */
export function holdPixels(raster: RasterImage): (() => void) | undefined {
  return lent.get(raster)?.hold();
}

/** Whether `holdPixels` holds them. */
export const isLent = (raster: RasterImage): boolean => lent.has(raster);

/** The same picture for another view of a recipe (`viewsOf`), its pixels not copied. */
export function withView(raster: RasterImage, view: number): RasterImage {
  const { width, height, channels } = raster;
  const source = lent.get(raster);
  return source ? lendRaster(source, { width, height, channels, view }) : { ...raster, view };
}
