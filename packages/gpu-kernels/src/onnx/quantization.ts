/** What folding and lowering share about quantised tensors: the grids that they lie on, and weights as words of integers. */
import type { Attributes } from '../graph/attributes.ts';
import { graphInvalid, type NodePlace, opUnsupported } from '../graph/graph-errors.ts';
import { showShape, sizeOf } from '../graph/shapes.ts';
import type { Constant } from './constant.ts';
import { type ElementType, elementTypeOf, nameOfType } from './onnx-model.ts';

/** Least and greatest number of the integer types that are computed with; int32 only in the sums of products. */
export const integerRanges: Readonly<Partial<Record<ElementType, readonly [min: number, max: number]>>> = {
  uint2: [0, 3],
  int2: [-2, 1],
  uint4: [0, 15],
  int4: [-8, 7],
  uint8: [0, 255],
  int8: [-128, 127],
  uint16: [0, 65_535],
  int16: [-32_768, 32_767],
  int32: [-(2 ** 31), 2 ** 31 - 1],
};

/** real = (integer − zeroPoint) · scale, one pair for all numbers or one for each place of an axis. */
export interface Grid {
  readonly type: ElementType;
  readonly min: number;
  readonly max: number;
  readonly scales: readonly number[];
  readonly zeroPoints: readonly number[];
}

const float32Numbers = (constant: Constant): number[] => [...constant.data].map(Math.fround);

/** Scales and zero points as ONNX has them: the zero point may be left out, which stands for 0 of `fallback`. */
export function gridOf(
  node: NodePlace,
  scale: Constant | undefined,
  zeroPoint: Constant | undefined,
  fallback: ElementType,
): Grid {
  if (scale === undefined) throw graphInvalid(node, 'its scale is missing.');
  if (scale.shape.length > 1 || scale.data.length === 0)
    throw opUnsupported(node, `scales of shape ${showShape(scale.shape)}, only one or a list is implemented`);
  const type = zeroPoint?.type ?? fallback;
  const range = integerRanges[type];
  if (range === undefined) throw opUnsupported(node, `quantisation to ${type}`);
  if (zeroPoint !== undefined && zeroPoint.data.length !== scale.data.length)
    throw graphInvalid(node, `${scale.data.length} scales and ${zeroPoint.data.length} zero points.`);
  const scales = float32Numbers(scale);
  const odd = scales.find((number) => !(number > 0 && Number.isFinite(number)));
  if (odd === Infinity)
    throw opUnsupported(node, 'a scale of Infinity, not a positive number: the quantiser saw infinite numbers there, as in masks of attention; exclude the node from quantisation (`nodes_to_exclude`) or quantise `op_types_to_quantize=["MatMul", "Gemm", "Conv"]` alone'); // biome-ignore format: one message
  if (odd !== undefined) throw opUnsupported(node, `a scale of ${odd}, not a positive number`);
  const zeroPoints = zeroPoint === undefined ? scales.map(() => 0) : [...zeroPoint.data];
  return { type, min: range[0], max: range[1], scales, zeroPoints };
}

/** Quotients are float32, which `precision` may ask for as well. */
export function precisionOf({ node, attributes }: { readonly node: NodePlace; readonly attributes: Attributes }): void {
  const precision = attributes.number('precision', 0);
  if (precision !== 0 && precision !== 1) throw opUnsupported(node, `a quotient in ${nameOfType(precision)}`);
}

/** ONNX `output_dtype`, or what stands for it where the attribute is 0. */
export function outputType(node: NodePlace, number: number, fallback: ElementType): ElementType {
  if (number === 0) return fallback;
  const type = elementTypeOf(number);
  if (type === undefined || integerRanges[type] === undefined)
    throw opUnsupported(node, `quantisation to element type ${nameOfType(number)}`);
  return type;
}

export interface PackedWeight {
  /** `[outputs, words]`, the bits of integers in words of 32: see `IntegerProduct` in `graph/plan-quantised.ts`. */
  readonly words: Float32Array;
  readonly shape: readonly [outputs: number, words: number];
  readonly bits: 8 | 16;
  /** Largest sum of absolute weights of an output: what a sum can reach, divided by 255. */
  readonly reach: number;
}

/** Integers without their zero points: `at(output, inner)` of `[outputs, inner]`. 8 bits where all fit, else 16. */
export function packWeight(outputs: number, inner: number, at: (output: number, index: number) => number): PackedWeight {
  const rows = new Int16Array(sizeOf([outputs, inner]));
  let [isNarrow, reach] = [true, 0];
  for (let output = 0; output < outputs; output++) {
    let sum = 0;
    for (let index = 0; index < inner; index++) {
      const value = at(output, index);
      rows[output * inner + index] = value;
      isNarrow &&= value >= -128 && value <= 127;
      sum += Math.abs(value);
    }
    reach = Math.max(reach, sum);
  }
  const bits = isNarrow ? 8 : 16;
  const width = Math.ceil((inner * bits) / 32);
  const words = new Float32Array(outputs * width);
  const integers = bits === 8 ? new Int8Array(words.buffer) : new Int16Array(words.buffer);
  const stride = (width * 32) / bits;
  for (let output = 0; output < outputs; output++)
    integers.set(rows.subarray(output * inner, (output + 1) * inner), output * stride);
  return { words, shape: [outputs, width], bits, reach };
}

/** int32 numbers as words of 32 bits, which a float32 could not hold as numbers. */
export const packIntegers = (values: ArrayLike<number>): Float32Array => new Float32Array(Int32Array.from(values).buffer);
