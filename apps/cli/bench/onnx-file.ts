/**
 * Writes a `ModelGraph` as an ONNX file (IR 8, opset 17), so that a rival runs the very same network. Only what the
 * benchmark needs: float32 initializers, fixed image size, free batch. Field numbers are those of onnx.proto3.
 */
import type { GraphAttribute, GraphNode, ModelGraph, Tensor, Tensors } from '@diptych/plugin-kit';

type Bytes = readonly number[] | Uint8Array;

const varint = (value: number): number[] => {
  const out: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest > 127n; rest >>= 7n) out.push(Number(rest & 127n) | 128);
  return [...out, Number(rest)];
};
const key = (field: number, wire: number): number[] => varint(field * 8 + wire);
const int = (field: number, value: number): Uint8Array => Uint8Array.from([...key(field, 0), ...varint(value)]);
const bytes = (field: number, value: Bytes): Uint8Array =>
  Buffer.concat([Uint8Array.from([...key(field, 2), ...varint(value.length)]), Uint8Array.from(value)]);
const text = (field: number, value: string): Uint8Array => bytes(field, Buffer.from(value));
const message = (field: number, parts: readonly Uint8Array[]): Uint8Array => bytes(field, Buffer.concat(parts));
const float = (field: number, value: number): Uint8Array => {
  const four = new Uint8Array(4);
  new DataView(four.buffer).setFloat32(0, value, true);
  return Uint8Array.from([...key(field, 5), ...four]);
};

/** ONNX types attributes; ours are plain numbers. These are the floating ones of the ops used here. */
const floating = new Set(['epsilon', 'alpha', 'beta', 'min', 'max']);

function attribute(name: string, value: GraphAttribute): Uint8Array {
  if (typeof value === 'string') return message(5, [text(1, name), text(4, value), int(20, 3)]);
  if (typeof value !== 'number') return message(5, [text(1, name), ...value.map((entry) => int(8, entry)), int(20, 7)]);
  return floating.has(name)
    ? message(5, [text(1, name), float(2, value), int(20, 1)])
    : message(5, [text(1, name), int(3, value), int(20, 2)]);
}

const node = ({ name, op, inputs, outputs, attributes = {} }: GraphNode): Uint8Array =>
  message(1, [
    ...inputs.map((input) => text(1, input)),
    ...outputs.map((output) => text(2, output)),
    text(3, name),
    text(4, op),
    ...Object.entries(attributes).map(([attributeName, value]) => attribute(attributeName, value)),
  ]);

const raw = (data: Float32Array | BigInt64Array): Uint8Array =>
  new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

const initializer = (name: string, { shape, data }: Tensor): Uint8Array =>
  message(5, [...shape.map((size) => int(1, size)), int(2, 1), text(8, name), bytes(9, raw(data))]);

const integers = (name: string, values: readonly number[]): Uint8Array =>
  message(5, [int(1, values.length), int(2, 7), text(8, name), bytes(9, raw(BigInt64Array.from(values, BigInt)))]);

type Shape = readonly (number | string)[];
const valueInfo = (field: number, name: string, shape: Shape): Uint8Array => {
  const dimensions = shape.map((size) => message(1, [typeof size === 'number' ? int(1, size) : text(2, size)]));
  return message(field, [text(1, name), message(2, [message(1, [int(1, 1), message(2, dimensions)])])]);
};

/** A network as a file holds it; `integers` are the int64 constants (shapes). */
export interface OnnxParts {
  readonly name: string;
  readonly nodes: readonly GraphNode[];
  readonly weights: Tensors;
  readonly integers?: Readonly<Record<string, readonly number[]>>;
  readonly inputs: Readonly<Record<string, Shape>>;
  readonly outputs: Readonly<Record<string, Shape>>;
}

export function writeParts(parts: OnnxParts): Uint8Array {
  const body = [
    ...parts.nodes.map(node),
    text(2, parts.name),
    ...Object.entries(parts.weights).map(([name, tensor]) => initializer(name, tensor)),
    ...Object.entries(parts.integers ?? {}).map(([name, values]) => integers(name, values)),
    ...Object.entries(parts.inputs).map(([name, shape]) => valueInfo(11, name, shape)),
    ...Object.entries(parts.outputs).map(([name, shape]) => valueInfo(12, name, shape)),
  ];
  return Buffer.concat([int(1, 8), message(7, body), message(8, [text(1, ''), int(2, 17)])]);
}

/** The network with its preparation in front: pixels `[batch, size, size, 3]` as float32 from 0 to 255, resized with aligned corners to 224. */
export function writeOnnx(graph: ModelGraph, weights: Tensors, size: number): Uint8Array {
  const [input] = graph.inputs;
  if (!input) throw new Error('Expected a graph with one image input.');
  const [channels, height, width] = input.shape;
  const constants: Tensors = {
    'prepare/scale': { shape: [], data: Float32Array.of(1 / 255) },
    'prepare/factors': { shape: [4], data: Float32Array.of(1, 1, height! / size, width! / size) },
  };
  const prepare: GraphNode[] = [
    { name: 'prepare/divide', op: 'Mul', inputs: ['pixels', 'prepare/scale'], outputs: ['scaled'] },
    {
      name: 'prepare/transpose',
      op: 'Transpose',
      inputs: ['scaled'],
      outputs: ['planes'],
      attributes: { perm: [0, 3, 1, 2] },
    },
    {
      name: 'prepare/resize',
      op: 'Resize',
      inputs: ['planes', '', 'prepare/factors'],
      outputs: [input.name],
      attributes: { coordinate_transformation_mode: 'align_corners', mode: 'linear' },
    },
  ];
  return writeParts({
    name: graph.name,
    nodes: [...prepare, ...graph.nodes],
    weights: { ...weights, ...constants },
    inputs: { pixels: ['batch', size, size, channels!] },
    outputs: Object.fromEntries(graph.outputs.map((output) => [output, ['batch', 'classes']])),
  });
}
