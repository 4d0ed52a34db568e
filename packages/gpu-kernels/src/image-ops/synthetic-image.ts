/** Images from an integer formula, for tests and benchmarks: the same in Python (`goldens/image-ops/make-goldens.py`). */
import type { RasterImage } from '@diptych/plugin-kit';

export type SyntheticKind = 'noise' | 'extremes' | 'gradient';

function sample(kind: SyntheticKind, x: number, y: number, c: number, seed: number): number {
  if (kind === 'gradient') return (x * 7 + y * 13 + c * 50 + seed) & 255;
  let v = Math.imul(x, 73856093) ^ Math.imul(y, 19349663) ^ Math.imul(c, 83492791) ^ Math.imul(seed, 2654435761);
  v ^= v >>> 13;
  v = Math.imul(v, 0x5bd1e995);
  v ^= v >>> 15;
  return kind === 'extremes' ? (v & 1) * 255 : v & 255;
}

export function synthesise(
  kind: SyntheticKind,
  width: number,
  height: number,
  seed: number,
  channels: 3 | 4 = 3,
): RasterImage {
  const data = new Uint8Array(width * height * channels);
  for (let i = 0; i < data.length; i++) {
    const pixel = Math.floor(i / channels);
    data[i] = sample(kind, pixel % width, Math.floor(pixel / width), i % channels, seed);
  }
  return { width, height, channels, data };
}
