/** Constants made, moved and reshaped: what exporters compute shapes with. */

import { axisOf, sliceBounds } from '../../graph/axes.ts';
import { graphInvalid, itemsTogether, opUnsupported } from '../../graph/graph-errors.ts';
import { permuteList, rowMajorStrides, sameShape, showShape, sizeOf } from '../../graph/shapes.ts';
import { allocate, type Constant, decodeTensor, holdsBatch, makeConstant, showOpenShape } from '../constant.ts';
import type { FoldCall } from '../node-call.ts';
import { broadcastTo } from './elementwise.ts';

function ConstantNode(call: FoldCall): Constant[] {
  const entries = [...call.node.attributes];
  const [name, attribute] = entries[0] ?? ['', undefined];
  if (entries.length !== 1 || attribute === undefined)
    throw graphInvalid(call.node, `exactly one attribute is expected, got ${entries.length}.`);
  const { kind, value } = attribute;
  if (kind === 'tensor') return [decodeTensor(value, call.place)];
  const type = name.startsWith('value_int') ? 'int64' : 'float32';
  if (kind === 'number') return [makeConstant(type, [], [value], call.place)];
  if (kind === 'numbers') return [makeConstant(type, [value.length], value, call.place)];
  throw opUnsupported(call.node, `attribute ${name}`);
}

function ConstantOfShape(call: FoldCall): Constant[] {
  const attribute = call.node.attributes.get('value');
  const value =
    attribute?.kind === 'tensor' ? decodeTensor(attribute.value, call.place) : makeConstant('float32', [1], [0], call.place);
  const shape = call.integers(0);
  return [{ type: value.type, shape, data: allocate(value.type, shape, call.place).fill(value.data[0] ?? 0) }];
}

function Range(call: FoldCall): Constant[] {
  const [start, limit, delta] = [0, 1, 2].map((index) => call.input(index).data[0] ?? Number.NaN) as [
    number,
    number,
    number,
  ];
  const count = Math.max(0, Math.ceil((limit - start) / delta));
  if (Number.isNaN(count) || [0, 1, 2].some((index) => holdsBatch(call.input(index))))
    throw opUnsupported(call.node, `range of ${start}, ${limit}, ${delta}`);
  const { type } = call.input(0);
  const data = allocate(type, [count], call.place);
  for (let index = 0; index < count; index++) data[index] = start + index * delta;
  return [{ type, shape: [count], data }];
}

/** Same numbers, another shape. */
function reshaped(call: FoldCall, x: Constant, shape: readonly number[]): Constant[] {
  if (sizeOf(shape) !== x.data.length)
    throw graphInvalid(call.node, `${showOpenShape(x.shape)} cannot become ${showOpenShape(shape)}.`);
  return [{ ...x, shape }];
}

function Reshape(call: FoldCall): Constant[] {
  const x = call.input(0);
  const keepZero = call.attributes.number('allowzero', 0) !== 0;
  const target = call.integers(1).map((size, d) => (size === 0 && !keepZero ? (x.shape[d] ?? 0) : size));
  const known = sizeOf(target.filter((size) => size !== -1));
  return reshaped(
    call,
    x,
    target.map((size) => (size === -1 ? x.data.length / known : size)),
  );
}

function Flatten(call: FoldCall): Constant[] {
  const x = call.input(0);
  const given = call.attributes.number('axis', 1);
  const axis = given < 0 ? given + x.shape.length : given;
  if (!(axis >= 0 && axis <= x.shape.length)) throw graphInvalid(call.node, `axis ${given} does not exist.`);
  return reshaped(call, x, [sizeOf(x.shape.slice(0, axis)), sizeOf(x.shape.slice(axis))]);
}

function Squeeze(call: FoldCall): Constant[] {
  const x = call.input(0);
  const axes = call.list('axes', 1)?.map((axis) => axisOf(axis, x.shape.length, call.node));
  return reshaped(
    call,
    x,
    x.shape.filter((size, d) => (axes === undefined ? size !== 1 : !axes.includes(d))),
  );
}

function Unsqueeze(call: FoldCall): Constant[] {
  const x = call.input(0);
  return reshaped(call, x, unsqueezedShape(x.shape, call.list('axes', 1) ?? [], call.node));
}

export function unsqueezedShape(shape: readonly number[], axes: readonly number[], node: FoldCall['node']): number[] {
  if (axes.length > 64) throw graphInvalid(node, `${axes.length} axes are too many.`);
  const rank = shape.length + axes.length;
  const added = new Set(axes.map((axis) => axisOf(axis, rank, node)));
  if (added.size !== axes.length) throw graphInvalid(node, `axes ${showShape(axes)} are given twice.`);
  const rest = [...shape];
  return Array.from({ length: rank }, (_, d) => (added.has(d) ? 1 : rest.shift()!));
}

/** Builds an output of `shape` whose element at coordinates c is x at `from(c)`. */
function gathered(
  call: FoldCall,
  x: Constant,
  shape: readonly number[],
  from: (coordinates: readonly number[]) => number,
): Constant[] {
  const data = allocate(x.type, shape, call.place);
  const strides = rowMajorStrides(shape);
  const coordinates = new Array<number>(shape.length).fill(0);
  for (let index = 0; index < data.length; index++) {
    for (let d = 0; d < shape.length; d++) coordinates[d] = Math.floor(index / strides[d]!) % shape[d]!;
    data[index] = x.data[from(coordinates)]!;
  }
  return [{ type: x.type, shape, data }];
}

/** Tables of positions are chosen from with tens of thousands of indices, so rows are copied whole. */
function Gather(call: FoldCall): Constant[] {
  const [x, indices] = [call.input(0), call.input(1)];
  if (holdsBatch(indices))
    throw opUnsupported(call.node, `arithmetic with the number of items of the batch. ${itemsTogether}`);
  const axis = axisOf(call.attributes.number('axis', 0), x.shape.length, call.node);
  const length = x.shape[axis]!;
  const chosen = indices.data.map((index) => (index < 0 ? index + length : index));
  if (!chosen.every((index) => Number.isInteger(index) && index >= 0 && index < length))
    throw graphInvalid(call.node, `an index leaves the ${length} entries of dimension ${axis}.`);
  const [outer, inner] = [sizeOf(x.shape.slice(0, axis)), sizeOf(x.shape.slice(axis + 1))];
  const shape = [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)];
  const data = allocate(x.type, shape, call.place);
  let at = 0;
  for (let row = 0; row < outer; row++)
    for (let i = 0; i < chosen.length; i++, at += inner) {
      const from = (row * length + chosen[i]!) * inner;
      if (inner === 1) data[at] = x.data[from]!;
      else data.set(x.data.subarray(from, from + inner), at);
    }
  return [{ type: x.type, shape, data }];
}

function Concat(call: FoldCall): Constant[] {
  const parts = Array.from({ length: call.count }, (_, index) => call.input(index));
  const [first] = parts;
  if (first === undefined) throw graphInvalid(call.node, 'it has no inputs.');
  const axis = axisOf(call.attributes.number('axis', 0), first.shape.length, call.node);
  const outer = first.shape.slice(0, axis);
  if (
    !parts.every(
      (part) =>
        part.type === first.type &&
        part.shape.length === first.shape.length &&
        part.shape.every((size, d) => d === axis || size === first.shape[d]),
    )
  ) {
    throw graphInvalid(
      call.node,
      `shapes ${parts.map(({ shape }) => showShape(shape)).join(', ')} do not fit together along ${axis}.`,
    );
  }
  const shape = first.shape.map((size, d) => (d === axis ? parts.reduce((sum, part) => sum + part.shape[axis]!, 0) : size));
  const data = allocate(first.type, shape, call.place);
  const rows = sizeOf(outer);
  let at = 0;
  for (let row = 0; row < rows; row++)
    for (const part of parts) {
      const length = part.data.length / rows;
      data.set(part.data.subarray(row * length, (row + 1) * length), at);
      at += length;
    }
  return [{ type: first.type, shape, data }];
}

function Slice(call: FoldCall): Constant[] {
  const x = call.input(0);
  const starts = call.integers(1);
  const ends = call.integers(2);
  const axes = call.optional(3) === undefined ? starts.map((_, d) => d) : call.integers(3);
  const steps = call.optional(4) === undefined ? starts.map(() => 1) : call.integers(4);
  const bounds = sliceBounds(x.shape, starts, ends, axes, steps, call.node);
  const strides = rowMajorStrides(x.shape);
  return gathered(call, x, bounds.map(({ count }) => count), (c) => c.reduce((from, at, d) => from + (bounds[d]!.begin + at * bounds[d]!.step) * strides[d]!, 0)); // biome-ignore format: one expression
}

/** The masks of causal attention are made so. */
function Trilu(call: FoldCall): Constant[] {
  const x = call.input(0);
  const side = call.attributes.number('upper', 1) === 0 ? -1 : 1;
  const diagonal = call.optional(1)?.data[0] ?? 0;
  const [rows, columns] = x.shape.slice(-2);
  if (rows === undefined || columns === undefined) throw graphInvalid(call.node, `${showShape(x.shape)} holds no matrices.`);
  const data = x.data.slice();
  for (let index = 0; index < data.length; index++)
    if (((index % columns) - (Math.floor(index / columns) % rows) - diagonal) * side < 0) data[index] = 0;
  return [{ ...x, data }];
}

function Transpose(call: FoldCall): Constant[] {
  const x = call.input(0);
  const reversed = x.shape.map((_, d) => x.shape.length - 1 - d);
  const permutation = call.attributes.numbers('perm', reversed, x.shape.length);
  if (!sameShape(permutation.toSorted((a, b) => a - b), reversed.toReversed())) throw graphInvalid(call.node, `perm ${showShape(permutation)} is no permutation.`); // biome-ignore format: one condition
  const strides = permuteList(rowMajorStrides(x.shape), permutation);
  return gathered(call, x, permuteList(x.shape, permutation), (c) => c.reduce((from, at, d) => from + at * strides[d]!, 0));
}

function Expand(call: FoldCall): Constant[] {
  const x = call.input(0);
  const target = call.integers(1);
  const rank = Math.max(target.length, x.shape.length);
  const [a, b] = [x.shape, target].map((shape) => [...new Array<number>(rank - shape.length).fill(1), ...shape]) as [
    number[],
    number[],
  ];
  if (a.some((size, d) => size !== b[d] && size !== 1 && b[d] !== 1))
    throw graphInvalid(call.node, `${showShape(x.shape)} cannot be expanded to ${showShape(target)}.`);
  const shape = a.map((size, d) => (size === 1 ? b[d]! : size));
  return [{ type: x.type, shape, data: broadcastTo(x, shape, call.place) }];
}

const same = (call: FoldCall): Constant[] => [call.input(0)];

function Dropout(call: FoldCall): Constant[] {
  if ((call.optional(2)?.data[0] ?? 0) !== 0) throw opUnsupported(call.node, 'training mode');
  return [call.input(0)];
}

function Size(call: FoldCall): Constant[] {
  return [makeConstant('int64', [], [call.input(0).data.length], call.place)];
}

function Shape(call: FoldCall): Constant[] {
  const { shape } = call.input(0);
  const [from, to] = [call.attributes.number('start', 0), call.attributes.number('end', shape.length)];
  const part = shape.slice(from, to);
  return [makeConstant('int64', [part.length], part, call.place)];
}

export const movementFolds = {
  Constant: ConstantNode, ConstantOfShape, Range, Reshape, Flatten, Squeeze, Unsqueeze, Gather, Concat, Slice, Transpose, Expand, Trilu,
  Identity: same, Dropout, Size, Shape,
} as const; // biome-ignore format: a table
