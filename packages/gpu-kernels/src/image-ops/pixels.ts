/** Images between the steps of a recipe: interleaved RGB, 8-bit until a float32 filter or `normalise` makes them float32. */
import type { RasterImage } from '@diptych/plugin-kit';

export interface Pixels<Data extends Uint8Array | Float32Array = Uint8Array> {
  readonly width: number;
  readonly height: number;
  /** `width * height * 3` samples. */
  readonly data: Data;
}

/** Drops alpha, as Pillow's `convert("RGB")` does: the colours stay as they are. */
export function rgbOf({ width, height, channels, data }: RasterImage): Pixels {
  if (channels === 3) return { width, height, data };
  const rgb = new Uint8Array(width * height * 3);
  for (let from = 0, to = 0; from < width * height * 4; from += 4) {
    rgb[to++] = data[from]!;
    rgb[to++] = data[from + 1]!;
    rgb[to++] = data[from + 2]!;
  }
  return { width, height, data: rgb };
}
