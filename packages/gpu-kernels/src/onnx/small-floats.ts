/**
 * Floats of 8 and 4 bits, which weights may be stored in: sign, exponent, fraction, as OCP's formats have them and, with FNUZ in their
 * names, Graphcore's. https://onnx.ai/onnx/technical/float8.html, float4.html
 */
import type { ElementType } from './onnx-model.ts';

interface SmallFloat {
  readonly exponentBits: number;
  readonly fractionBits: number;
  readonly bias: number;
  /** How infinities and what is no number are written: as in IEEE 754, as the largest bits alone, as a negative 0, or not at all. */
  readonly ends: 'ieee' | 'last' | 'negative-zero' | 'none';
}

const formats = {
  float8e4m3fn: { exponentBits: 4, fractionBits: 3, bias: 7, ends: 'last' },
  float8e4m3fnuz: { exponentBits: 4, fractionBits: 3, bias: 8, ends: 'negative-zero' },
  float8e5m2: { exponentBits: 5, fractionBits: 2, bias: 15, ends: 'ieee' },
  float8e5m2fnuz: { exponentBits: 5, fractionBits: 2, bias: 16, ends: 'negative-zero' },
  float4e2m1: { exponentBits: 2, fractionBits: 1, bias: 1, ends: 'none' },
} as const satisfies Readonly<Record<string, SmallFloat>>;
export type SmallFloatType = keyof typeof formats | 'float8e8m0';

export const isSmallFloat = (type: ElementType): type is SmallFloatType => type === 'float8e8m0' || type in formats;

/** The number whose code is `bits`, which has no bits beyond those of the type; NaN and infinities where the type has them. */
export function smallFloat(type: SmallFloatType, bits: number): number {
  // Powers of two alone, without a sign.
  if (type === 'float8e8m0') return bits === 0xff ? Number.NaN : 2 ** (bits - 127);
  const { exponentBits, fractionBits, bias, ends }: SmallFloat = formats[type];
  const [signBit, ones] = [2 ** (exponentBits + fractionBits), 2 ** exponentBits - 1];
  const exponent = (bits >> fractionBits) & ones;
  const fraction = bits & (2 ** fractionBits - 1);
  const sign = bits & signBit ? -1 : 1;
  if (ends === 'negative-zero' && bits === signBit) return Number.NaN;
  if (ends === 'last' && (bits & (signBit - 1)) === signBit - 1) return Number.NaN;
  if (ends === 'ieee' && exponent === ones) return fraction === 0 ? sign * Infinity : Number.NaN;
  const part = fraction / 2 ** fractionBits;
  return exponent === 0 ? sign * part * 2 ** (1 - bias) : sign * (1 + part) * 2 ** (exponent - bias);
}
