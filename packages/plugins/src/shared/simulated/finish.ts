/** The last step of every simulated picture: sensor-like noise, the planted trace, rounding to 8 bits, PNG. */
import { encodePng } from '@diptych/plugin-kit/png';
import type { Random } from '../seeded.ts';
import type { Canvas } from './canvas.ts';

export interface Trace {
  /** Height of the planted wave in levels of 255; 0 for none. */
  readonly amplitude: number;
  /** Wave length in pixels, such as 4: what upsampling by that factor leaves behind (arXiv 1907.06515). */
  readonly period: number;
}

/** Uniform in [-1, 1) from a xorshift32 state (Marsaglia 2003): the inner loop has no room for a closure call. */
const toUnit = 2 ** -31;

/**
 * Noise whose variance rises with brightness, as photon noise does: deviation from 1.5 in black to 3 in white, the
 * same law for generators and the simulated camera, so that only the trace tells them apart. Without this noise
 * rounding would swallow waves below half a level.
 */
export function finishPicture({ size, data }: Canvas, trace: Trace, random: Random): Uint8Array {
  const wave = Float32Array.from({ length: size }, (_, i) => trace.amplitude * Math.cos((2 * Math.PI * i) / trace.period));
  const pixels = new Uint8Array(data.length);
  let state = (random() * 2 ** 32) | 1;
  for (let y = 0, at = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const planted = wave[x]! + wave[y]!;
      for (let c = 0; c < 3; c++, at++) {
        state ^= state << 13;
        state ^= state >>> 17;
        state ^= state << 5;
        const level = data[at]!;
        // A uniform number has the deviation 1 / √3, hence the factor 1.732.
        const value = level + planted + (1.5 + level / 170) * 1.732 * (state * toUnit);
        pixels[at] = value < 0 ? 0 : value > 255 ? 255 : value + 0.5;
      }
    }
  }
  return encodePng({ width: size, height: size, channels: 3, data: pixels }, 1);
}
