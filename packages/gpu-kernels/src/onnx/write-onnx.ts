/** Writes ONNX files, valid and hostile, for tests: protobuf fields by number, as onnx.proto has them. */

const varint = (value: number): Buffer => {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  return Buffer.from([...bytes, Number(rest)]);
};

type Value = number | string | Uint8Array;

/** One field: numbers as varints, text and bytes with their length. */
export function field(number: number, value: Value): Buffer {
  if (typeof value === 'number') return Buffer.concat([varint(number * 8), varint(value)]);
  const bytes = typeof value === 'string' ? Buffer.from(value) : value;
  return Buffer.concat([varint(number * 8 + 2), varint(bytes.length), bytes]);
}

const all = (number: number, values: readonly Value[]): Buffer[] => values.map((value) => field(number, value));
const message = (...fields: readonly (Buffer | readonly Buffer[])[]): Buffer => Buffer.concat(fields.flat());

export interface Node {
  readonly op: string;
  readonly inputs?: readonly string[];
  readonly outputs?: readonly string[];
  readonly name?: string;
  readonly domain?: string;
  readonly attributes?: readonly Uint8Array[];
}

/** Lists of integers become `ints`, bytes `t` (a tensor) or, with `isGraph`, `g`. */
export function attribute(name: string, value: number | readonly number[] | Uint8Array, isGraph = false): Buffer {
  if (typeof value === 'number') return message(field(1, name), field(3, value), field(20, 2));
  if (value instanceof Uint8Array) return message(field(1, name), field(isGraph ? 6 : 5, value), field(20, isGraph ? 5 : 4));
  return message(field(1, name), field(8, message((value as readonly number[]).map(varint))), field(20, 7));
}

/** An attribute of a function's node that stands for the function's own attribute. */
export const reference = (name: string, to: string): Buffer => message(field(1, name), field(21, to), field(20, 2));

export const node = ({ op, inputs = [], outputs = [], name = '', domain = '', attributes = [] }: Node): Buffer =>
  message(all(1, inputs), all(2, outputs), field(3, name), field(4, op), all(5, attributes), field(7, domain));

export const tensor = (name: string, type: number, shape: readonly number[], raw: Uint8Array): Buffer =>
  message(all(1, shape), field(2, type), field(8, name), field(9, raw));

export const external = (name: string, shape: readonly number[], entries: Readonly<Record<string, string>>): Buffer =>
  message(all(1, shape), field(2, 1), field(8, name), ...Object.entries(entries).map(([key, value]) => field(13, message(field(1, key), field(2, value)))), field(14, 1)); // biome-ignore format: one message

/** A value of float32; sizes as text are open. */
export const value = (name: string, shape: readonly (number | string)[], type = 1): Buffer => {
  const sizes = shape.map((size) => field(1, field(typeof size === 'number' ? 1 : 2, size)));
  return message(field(1, name), field(2, field(1, message(field(1, type), field(2, message(sizes))))));
};

export interface Graph {
  readonly nodes: readonly Uint8Array[];
  readonly tensors?: readonly Uint8Array[];
  readonly inputs?: readonly Uint8Array[];
  readonly outputs?: readonly Uint8Array[];
}

export const graph = ({ nodes, tensors = [], inputs = [], outputs = [] }: Graph): Buffer =>
  message(all(1, nodes), field(2, 'test'), all(5, tensors), all(11, inputs), all(12, outputs));

export interface Body {
  readonly name: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly nodes: readonly Uint8Array[];
  readonly opset?: number;
  readonly defaults?: readonly Uint8Array[];
}

/** A function of domain `test`. */
export const body = ({ name, inputs, outputs, nodes, opset = 17, defaults = [] }: Body): Buffer =>
  message(field(1, name), all(4, inputs), all(5, outputs), all(7, nodes), field(9, field(2, opset)), field(10, 'test'), all(11, defaults)); // biome-ignore format: one message

export const model = (main: Uint8Array, functions: readonly Uint8Array[] = [], opset = 17): Buffer =>
  message(field(1, 8), field(7, main), field(8, field(2, opset)), all(25, functions));

/** A model from x `[n, ...item]` to y. */
export const modelOf = (nodes: readonly Node[], item: readonly number[] = [2], functions: readonly Uint8Array[] = [], tensors: readonly Uint8Array[] = []): Buffer =>
  model(graph({ nodes: nodes.map(node), tensors, inputs: [value('x', ['n', ...item])], outputs: [value('y', ['n'])] }), functions); // biome-ignore format: one model
