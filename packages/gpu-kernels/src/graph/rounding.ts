/** To the nearest integer, halves to the even one, as ONNX rounds when it quantises. */
export function roundHalfEven(x: number): number {
  const below = Math.floor(x);
  return x - below === 0.5 ? below + (below % 2 === 0 ? 0 : 1) : Math.round(x);
}

const scratch = new DataView(new ArrayBuffer(4));

/** Without its last `dropped` bits, rounded; a carry into the exponent is the next power of two, or infinity. */
function withoutBits(x: number, dropped: number): number {
  if (!Number.isFinite(x)) return x;
  scratch.setFloat32(0, x);
  const bits = scratch.getUint32(0);
  const unit = 2 ** dropped;
  scratch.setUint32(0, roundHalfEven(bits / unit) * unit);
  return scratch.getFloat32(0);
}

/** A float32 as the nearest number of a narrower format, halves to even, infinite beyond its greatest. */
export function roundToFloat(format: 'float16' | 'bfloat16', x: number): number {
  if (format === 'bfloat16') return withoutBits(x, 16);
  // Below 2^-14 float16 has a fixed step of 2^-24.
  if (Math.abs(x) < 2 ** -14) return roundHalfEven(x * 2 ** 24) * 2 ** -24;
  const rounded = withoutBits(x, 13);
  return Math.abs(rounded) > 65_504 ? Math.sign(x) * Infinity : rounded;
}
