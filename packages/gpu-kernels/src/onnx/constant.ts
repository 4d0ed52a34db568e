/**
 * A tensor known at import time. Exporters compute shapes with tensors, and the batch of a run is not known then: in
 * integer tensors k · `batchEntry` stands for k times the batch. Arithmetic with it is done where it holds for any batch.
 */
import { graphInvalid, opUnsupported } from '../graph/graph-errors.ts';
import { type FilePart, floatsOf, LazyTensor, readPart } from '../graph/lazy-tensor.ts';
import { showShape, sizeOf } from '../graph/shapes.ts';
import { type ElementType, elementTypeOf, nameOfType, type OnnxTensor } from './onnx-model.ts';
import { isSmallFloat, smallFloat } from './small-floats.ts';

export interface Constant {
  readonly type: ElementType;
  readonly shape: readonly number[];
  /** Floats of up to 32 bits and integers of up to 16 as float32; all others as doubles, in which integers up to 2^53 are exact; bool as 0 and 1. */
  readonly data: Float32Array | Float64Array;
}

/** No integer of a file can be a multiple of it below 1, and doubles count such multiples exactly. */
export const batchEntry = 2 ** -30;
/** Whether an entry of an integer tensor is the batch or a multiple of it. */
export const dependsOnBatch = (value: number): boolean =>
  !Number.isInteger(value) && Math.abs(value) < 1 && Number.isInteger(value / batchEntry);
/** Multiples of the batch as multiples of n. */
export const showOpenShape = (shape: readonly number[]): string =>
  `[${shape.map((size) => (dependsOnBatch(size) ? `${size / batchEntry}n`.replace(/^1n/, 'n') : size)).join(', ')}]`;
export const isBatch = (value: number | undefined): boolean => value === batchEntry;
export const isFloat = (type: ElementType): boolean => type.includes('float');
export const holdsBatch = ({ type, data }: Constant): boolean => !isFloat(type) && data.some(dependsOnBatch);
const narrow: readonly ElementType[] = ['uint2', 'int2', 'uint4', 'int4', 'uint8', 'int8', 'uint16', 'int16'];
const fitsFloat32 = (type: ElementType): boolean => (isFloat(type) && type !== 'float64') || narrow.includes(type);
const storage = (type: ElementType, size: number): Float32Array | Float64Array =>
  fitsFloat32(type) ? new Float32Array(size) : new Float64Array(size);

/** Constants made by folding stay small; a lying shape must not take memory. 2^26 float32 are 256 MB. */
const maxFolded = 2 ** 26;

/** Storage for `shape`, refused before it is taken where absurd. */
export function allocate(type: ElementType, shape: readonly number[], place: string): Float32Array | Float64Array {
  const size = sizeOf(shape);
  if (shape.some(dependsOnBatch))
    throw graphInvalid(
      place,
      'it computes with a part of each item that holds nothing; export the network without that part.',
    );
  if (!shape.every((length) => Number.isInteger(length) && length >= 0))
    throw graphInvalid(place, `a computed shape must hold sizes of 0 or more, got ${showShape(shape)}.`);
  if (!(size <= maxFolded))
    throw graphInvalid(
      place,
      `a computed constant would have shape ${showShape(shape)}; at most ${maxFolded} numbers are computed at import.`,
    );
  return storage(type, size);
}

/** A copy of `values`, row-major. Throws GRAPH_INVALID, naming `place`, where they are not as many as the shape says. */
export function makeConstant(
  type: ElementType,
  shape: readonly number[],
  values: ArrayLike<number>,
  place: string,
): Constant {
  const data = allocate(type, shape, place);
  if (data.length !== values.length)
    throw graphInvalid(place, `shape ${showShape(shape)} does not hold ${values.length} numbers.`);
  data.set(values);
  return { type, shape, data };
}

const widths: Readonly<Record<ElementType, number>> = { float32: 4, uint8: 1, int8: 1, uint16: 2, int16: 2, int32: 4, int64: 8, bool: 1, float16: 2, float64: 8, uint32: 4, uint64: 8, bfloat16: 2, uint4: 0.5, int4: 0.5, uint2: 0.25, int2: 0.25, float8e4m3fn: 1, float8e4m3fnuz: 1, float8e5m2: 1, float8e5m2fnuz: 1, float8e8m0: 1, float4e2m1: 0.5 }; // biome-ignore format: a table

/** IEEE 754 binary16 → number. */
export function float16(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : Number.NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

const scratch = new DataView(new ArrayBuffer(4));
/** bfloat16 is the upper half of a float32. */
export function bfloat16(bits: number): number {
  scratch.setUint32(0, (bits & 0xffff) * 65_536);
  return scratch.getFloat32(0);
}

/** Two or four numbers lie in a byte, the first in its lowest bits: `at` is a whole number for it, and parts of one for the others. */
const bitsAt = (view: DataView, at: number, width: 2 | 4): number =>
  (view.getUint8(Math.floor(at)) >> ((at % 1) * 8)) & (2 ** width - 1);
const signed = (bits: number, width: 2 | 4): number => (bits < 2 ** (width - 1) ? bits : bits - 2 ** width);

function reader(type: ElementType, view: DataView): (at: number) => number {
  switch (type) {
    case 'float32': return (at) => view.getFloat32(at, true);
    case 'float64': return (at) => view.getFloat64(at, true);
    case 'float16': return (at) => float16(view.getUint16(at, true));
    case 'bfloat16': return (at) => bfloat16(view.getUint16(at, true));
    case 'uint8': return (at) => view.getUint8(at);
    case 'bool': return (at) => Math.min(1, view.getUint8(at));
    case 'int8': return (at) => view.getInt8(at);
    case 'uint16': return (at) => view.getUint16(at, true);
    case 'int16': return (at) => view.getInt16(at, true);
    case 'int32': return (at) => view.getInt32(at, true);
    case 'uint32': return (at) => view.getUint32(at, true);
    case 'int64': return (at) => Number(view.getBigInt64(at, true));
    case 'uint64': return (at) => Number(view.getBigUint64(at, true));
    case 'uint4': return (at) => bitsAt(view, at, 4);
    case 'int4': return (at) => signed(bitsAt(view, at, 4), 4);
    case 'uint2': return (at) => bitsAt(view, at, 2);
    case 'int2': return (at) => signed(bitsAt(view, at, 2), 2);
    case 'float4e2m1': return (at) => smallFloat(type, bitsAt(view, at, 4));
    default: {
      const values = Float32Array.from({ length: 256 }, (_, bits) => smallFloat(type, bits));
      return (at) => values[view.getUint8(at)]!;
    }
  }
} // biome-ignore format: a table

function writer(type: ElementType, view: DataView, place: string): (at: number, value: number) => void {
  switch (type) {
    case 'float32': return (at, value) => view.setFloat32(at, value, true);
    case 'float64': return (at, value) => view.setFloat64(at, value, true);
    case 'uint8': case 'bool': return (at, value) => view.setUint8(at, value);
    case 'int8': return (at, value) => view.setInt8(at, value);
    case 'uint16': return (at, value) => view.setUint16(at, value, true);
    case 'int16': return (at, value) => view.setInt16(at, value, true);
    case 'int32': return (at, value) => view.setInt32(at, value, true);
    case 'uint32': return (at, value) => view.setUint32(at, value, true);
    case 'int64': return (at, value) => view.setBigInt64(at, BigInt(value), true);
    case 'uint64': return (at, value) => view.setBigUint64(at, BigInt(value), true);
    default: throw opUnsupported({ name: place, op: 'BitCast' }, `bits of ${type} numbers`);
  }
} // biome-ignore format: a table

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
const isLittleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** Float32 that stay in the file until somebody reads them. */
class FileFloats extends LazyTensor implements Constant {
  readonly type = 'float32';

  constructor(shape: readonly number[], source: Uint8Array | FilePart) {
    super(shape, () => floatsOf('path' in source ? readPart(source) : source), { source, rows: 1, columns: 1 });
  }
}

/** Fewer numbers than this are copied at once: a small constant should not hold the whole file. */
const fewest = 1024;

function fromBytes(type: ElementType, shape: readonly number[], source: Uint8Array | FilePart, place: string): Constant {
  const width = widths[type];
  const size = sizeOf(shape);
  if (source.length !== Math.ceil(size * width))
    throw graphInvalid(place, `shape ${showShape(shape)} of ${type} takes ${Math.ceil(size * width)} bytes, got ${source.length}.`); // biome-ignore format: one condition
  if (type === 'float32' && isLittleEndian && size >= fewest) return new FileFloats(shape, source);
  const bytes = 'path' in source ? readPart(source) : source;
  if (type === 'float32' && isLittleEndian) return { type, shape, data: floatsOf(bytes) };
  const data = storage(type, size);
  const read = reader(type, viewOf(bytes));
  for (let index = 0; index < size; index++) data[index] = read(index * width);
  return { type, shape, data };
}

/** The same bits as numbers of another type of the same width. */
export function bitsAs({ type, shape, data }: Constant, as: ElementType, place: string): Constant {
  const bytes = new Uint8Array(data.length * widths[type]);
  const write = writer(type, viewOf(bytes), place);
  for (const [index, value] of data.entries()) write(index * widths[type], value);
  return fromBytes(as, shape, bytes, place);
}

/** The numbers of a tensor of the file. Its data is in the file already, so memory is bounded by the file. */
export function decodeTensor(tensor: OnnxTensor, place: string): Constant {
  const { shape, raw = tensor.file, floats, doubles, integers = [] } = tensor;
  const type = elementTypeOf(tensor.type);
  if (type === undefined)
    throw opUnsupported({ name: place, op: 'tensor' }, `element type ${nameOfType(tensor.type)} is not implemented`);
  if (tensor.external !== undefined)
    throw graphInvalid(place, `its data lies in the file "${tensor.external.location}". Give \`readExternal\`.`);
  if (raw !== undefined) return fromBytes(type, shape, raw, place);
  if (floats !== undefined && type === 'float32') return fromBytes(type, shape, floats, place);
  if (doubles !== undefined && type === 'float64') return fromBytes(type, shape, doubles, place);
  // Numbers of 2 and 4 bits are packed here too, one byte in an integer; of floats of 8 it has the bits.
  if (widths[type] < 1 || isSmallFloat(type)) return fromBytes(type, shape, Uint8Array.from(integers), place);
  if (
    integers.length !== sizeOf(shape) ||
    floats !== undefined ||
    doubles !== undefined ||
    (isFloat(type) && integers.length > 0 && widths[type] !== 2)
  ) {
    throw graphInvalid(
      place,
      `shape ${showShape(shape)} of ${type} needs ${sizeOf(shape)} numbers, got ${integers.length} that fit the type.`,
    );
  }
  const convert = type === 'float16' ? float16 : type === 'bfloat16' ? bfloat16 : (value: number) => value;
  const data = storage(type, integers.length);
  for (const [index, value] of integers.entries()) data[index] = convert(value);
  return { type, shape, data };
}
