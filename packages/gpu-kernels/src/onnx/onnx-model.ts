/** An ONNX file as plain data: what `readOnnxModel` gives. Names follow onnx.proto; tensors keep views into the file. */
import type { FilePart } from '../graph/lazy-tensor.ts';

/** TensorProto.DataType, the ones that are read. */
export const elementTypes = {
  1: 'float32', 2: 'uint8', 3: 'int8', 4: 'uint16', 5: 'int16', 6: 'int32', 7: 'int64', 9: 'bool', 10: 'float16',
  11: 'float64', 12: 'uint32', 13: 'uint64', 16: 'bfloat16', 17: 'float8e4m3fn', 18: 'float8e4m3fnuz', 19: 'float8e5m2', 20: 'float8e5m2fnuz', 21: 'uint4', 22: 'int4', 23: 'float4e2m1', 24: 'float8e8m0', 25: 'uint2', 26: 'int2',
} as const; // biome-ignore format: a table
/** By its number in a file; undefined for one that is not read. */
export const elementTypeOf = (type: number): ElementType | undefined =>
  (elementTypes as Readonly<Record<number, ElementType>>)[type];
/** The others, for messages. */
const otherTypes: Readonly<Record<number, string>> = {
  8: 'string', 14: 'complex64', 15: 'complex128', 27: 'float6e2m3', 28: 'float6e3m2',
}; // biome-ignore format: a table
export const nameOfType = (type: number): string => `${elementTypeOf(type) ?? otherTypes[type] ?? 'unknown'} (${type})`;
export type ElementType = (typeof elementTypes)[keyof typeof elementTypes];

export interface ExternalData {
  /** Relative to the folder of the model; checked by `resolveExternalData`. */
  readonly location: string;
  readonly offset: number;
  readonly length: number | undefined;
}

export interface OnnxTensor {
  readonly name: string;
  /** As in the file, also where `elementTypes` does not know it. */
  readonly type: number;
  readonly shape: readonly number[];
  /** Little-endian numbers of the type, a view into the file. */
  readonly raw?: Uint8Array;
  /** float_data: little-endian float32. */
  readonly floats?: Uint8Array;
  /** double_data: little-endian float64. */
  readonly doubles?: Uint8Array;
  /** int32_data (which also carries bool, 8- and 16-bit types and the bits of float16), int64_data or uint64_data. */
  readonly integers?: readonly number[];
  readonly external?: ExternalData;
  /** Little-endian numbers of the type that were not read yet. */
  readonly file?: FilePart;
}

/**
 * `graph` is the body of a branch; `reference` names an attribute of the function that the node is in; `unsupported` carries the
 * attribute types that no op of ours has: lists of graphs, sparse tensors, types.
 */
export type OnnxAttributeValue =
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'numbers'; readonly value: readonly number[] }
  | { readonly kind: 'strings'; readonly value: readonly string[] }
  | { readonly kind: 'tensor'; readonly value: OnnxTensor }
  | { readonly kind: 'graph'; readonly value: OnnxGraph }
  | { readonly kind: 'reference'; readonly value: string }
  | { readonly kind: 'unsupported'; readonly value: string };

export interface OnnxNode {
  /** Unique: made from op and place where the file leaves it out or repeats it. */
  readonly name: string;
  readonly op: string;
  /** Empty for the default domain. */
  readonly domain: string;
  /** Which of several functions of one name is called; most often empty. */
  readonly overload?: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: ReadonlyMap<string, OnnxAttributeValue>;
}

/** Domain of ops that import itself writes and that stand for none of ONNX; no file may name them. */
export const ownDomain = 'diptych.import';

/** `op` in the default domain, `domain.op` in others: how tables name ops. */
export const opKey = ({ op, domain }: Pick<OnnxNode, 'op' | 'domain'>): string =>
  domain === '' || domain === 'ai.onnx' ? op : `${domain}.${op}`;

export interface OnnxValue {
  readonly name: string;
  /** TensorProto.DataType; undefined where the value is no tensor or has no type. */
  readonly type: number | undefined;
  /** Sizes; a name where the file leaves the size open, `''` where it does not even name it. Undefined: rank unknown. */
  readonly shape: readonly (number | string)[] | undefined;
}

export interface OnnxGraph {
  readonly name: string;
  readonly nodes: readonly OnnxNode[];
  readonly initializers: readonly OnnxTensor[];
  /** Graph inputs that no initializer fills. */
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
}

/** A function of the file: an op that is a list of nodes. */
export interface OnnxFunction {
  readonly name: string;
  readonly domain: string;
  readonly overload: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly nodes: readonly OnnxNode[];
  /** Attributes that have a value where a node that calls it gives none. */
  readonly defaults: OnnxNode['attributes'];
  /** Version of the default domain, where it says so. */
  readonly opset: number | undefined;
}

export interface OnnxModel extends OnnxGraph {
  readonly producer: string;
  /** Version of the default domain. */
  readonly opset: number;
  readonly functions?: readonly OnnxFunction[];
}
