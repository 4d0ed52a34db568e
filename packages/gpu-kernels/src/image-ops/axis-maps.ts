/** Index maps along one axis: where each output pixel comes from, −1 for what a pad fills. */
import type { PadMode } from '@diptych/plugin-kit';

/** `length` inputs from `start`; indices outside are −1. */
export const cropMap = (size: number, start: number, length: number): Int32Array =>
  Int32Array.from({ length }, (_, index) => (index + start < 0 || index + start >= size ? -1 : index + start));

export const flipMap = (size: number): Int32Array => Int32Array.from({ length: size }, (_, index) => size - 1 - index);

/** `reflect` and `symmetric` go on beyond one image's width, as NumPy's pad does. */
export function padMap(size: number, before: number, after: number, mode: PadMode): Int32Array {
  return Int32Array.from({ length: before + size + after }, (_, index) => padIndex(index - before, size, mode));
}

function padIndex(index: number, size: number, mode: PadMode): number {
  if (index >= 0 && index < size) return index;
  if (mode === 'constant') return -1;
  if (mode === 'replicate') return index < 0 ? 0 : size - 1;
  if (mode === 'wrap') return modulo(index, size);
  if (mode === 'symmetric') {
    const at = modulo(index, 2 * size);
    return at < size ? at : 2 * size - 1 - at;
  }
  const period = Math.max(1, 2 * size - 2);
  const at = modulo(index, period);
  return at < size ? at : period - at;
}

const modulo = (value: number, period: number): number => ((value % period) + period) % period;

/** Pillow's affine nearest: the position starts at half a step and grows by additions in float64, cut to an integer. */
export function pillowNearestMap(input: number, output: number): Int32Array {
  const scale = input / output;
  const map = new Int32Array(output);
  for (let index = 0, position = scale * 0.5; index < output; index++, position += scale) map[index] = Math.trunc(position);
  return map;
}

/** OpenCV's INTER_NEAREST: floor(i · (1 / (out / in))) in float64. */
export function opencvNearestMap(input: number, output: number): Int32Array {
  const scale = 1 / (output / input);
  return Int32Array.from({ length: output }, (_, index) => Math.min(input - 1, Math.floor(index * scale)));
}

/** torch's `nearest` (offset 0, OpenCV's old rule) and `nearest-exact` (offset ½): floor((i + offset) · scale) in float32. */
export function torchNearestMap(input: number, output: number, offset: 0 | 0.5): Int32Array {
  const scale = Math.fround(input / output);
  return Int32Array.from({ length: output }, (_, index) =>
    Math.min(input - 1, Math.floor(Math.fround((index + offset) * scale))),
  );
}
