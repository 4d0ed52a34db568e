import type { RasterImage } from '@diptych/plugin-kit';

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
