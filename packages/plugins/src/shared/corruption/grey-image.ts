/** Pictures as the corruption signals see them: brightness and saturation, averaged down to at most 512 pixels a side. */
import type { RasterImage } from '@diptych/plugin-kit';

export interface GreyImage {
  readonly width: number;
  readonly height: number;
  /** Rec. 601 luma, 0 to 255, row by row. */
  readonly luma: Float32Array;
  /** HSV saturation times value, 0 to 1: how colourful a pixel looks. */
  readonly colour: Float32Array;
}

const longestSide = 512;

/** Averages whole blocks, so that the result does not depend on a resize kernel. */
export function greyOf({ width, height, channels, data }: RasterImage): GreyImage {
  const factor = Math.max(1, Math.ceil(Math.max(width, height) / longestSide));
  const [w, h] = [Math.max(1, Math.floor(width / factor)), Math.max(1, Math.floor(height / factor))];
  const luma = new Float32Array(w * h);
  const colour = new Float32Array(w * h);
  const [spanX, spanY] = [Math.min(factor, width), Math.min(factor, height)];
  const area = spanX * spanY;
  for (let y = 0; y < h; y++) {
    for (let x = 0; x < w; x++) {
      let [red, green, blue] = [0, 0, 0];
      for (let dy = 0; dy < spanY; dy++) {
        let at = ((y * factor + dy) * width + x * factor) * channels;
        for (let dx = 0; dx < spanX; dx++, at += channels) {
          red += data[at]!;
          green += data[at + 1]!;
          blue += data[at + 2]!;
        }
      }
      const place = y * w + x;
      luma[place] = (0.299 * red + 0.587 * green + 0.114 * blue) / area;
      colour[place] = (Math.max(red, green, blue) - Math.min(red, green, blue)) / (255 * area);
    }
  }
  return { width: w, height: h, luma, colour };
}
