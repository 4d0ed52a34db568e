/** Images between the steps of a recipe: interleaved samples, 8-bit until a step makes them float32. */
import type { RasterImage } from '@diptych/plugin-kit';

export interface Size {
  readonly width: number;
  readonly height: number;
}
export interface Pixels extends Size {
  readonly channels: number;
  /** `width * height * channels` samples. */
  readonly data: Uint8Array | Float32Array;
}

/** Drops alpha, as Pillow's `convert("RGB")` does: the colours stay as they are. */
export function rgbOf({ width, height, channels, data }: RasterImage): Pixels {
  if (channels === 3) return { width, height, channels, data };
  const rgb = new Uint8Array(width * height * 3);
  for (let from = 0, to = 0; from < width * height * 4; from += 4) {
    rgb[to++] = data[from]!;
    rgb[to++] = data[from + 1]!;
    rgb[to++] = data[from + 2]!;
  }
  return { width, height, channels: 3, data: rgb };
}
