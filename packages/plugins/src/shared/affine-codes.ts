/**
 * The values of 8-bit affine codes, as TensorFlow.js stores weights: in float64, then one rounding to float32, as it does itself.
 * A loop: there are millions.
 */
export function valuesOfCodes(
  codes: Uint8Array,
  { scale, min }: { readonly scale: number; readonly min: number },
): Float32Array {
  const values = new Float32Array(codes.length);
  for (let index = 0; index < codes.length; index++) values[index] = codes[index]! * scale + min;
  return values;
}
