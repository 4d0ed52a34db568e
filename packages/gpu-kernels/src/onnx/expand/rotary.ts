/**
 * RotaryEmbedding of ONNX and of onnxruntime: pairs of numbers turned by an angle of their place.
 * https://onnx.ai/onnx/operators/onnx__RotaryEmbedding.html
 */
import { graphInvalid, opUnsupported } from '../../graph/graph-errors.ts';
import type { Expansion } from './expansion.ts';

interface Rotation {
  /** `[batch, length, heads, width]` or `[batch, heads, length, width]`. */
  readonly x: string;
  readonly width: number;
  /** How many of `width` are turned. */
  readonly turned: number;
  readonly cos: string;
  readonly sin: string;
  readonly isInterleaved: boolean;
}

/** Both numbers of each pair lie next to each other, or half the width apart. */
export function rotate(to: Expansion, { x, width, turned, cos, sin, isInterleaved }: Rotation): string {
  const half = turned / 2;
  const part = turned === width ? x : to.slice(x, 3, 0, turned);
  const first = isInterleaved ? to.slice(part, 3, 0, turned, 2) : to.slice(part, 3, 0, half);
  const second = isInterleaved ? to.slice(part, 3, 1, turned, 2) : to.slice(part, 3, half, turned);
  const real = to.add('Sub', [to.add('Mul', [first, cos]), to.add('Mul', [second, sin])]);
  const imaginary = to.add('Add', [to.add('Mul', [first, sin]), to.add('Mul', [second, cos])]);
  const rest = turned === width ? [] : [to.slice(x, 3, turned, width)];
  if (!isInterleaved) return to.add('Concat', [real, imaginary, ...rest], { axis: 3 });
  const column = to.integers(4);
  const pairs = [real, imaginary].map((name) => to.add('Unsqueeze', [name, column]));
  const woven = to.reshape(to.add('Concat', pairs, { axis: 4 }), 0, 0, 0, turned);
  return rest.length === 0 ? woven : to.add('Concat', [woven, ...rest], { axis: 3 });
}

/** Rows of a table of angles, `[batch, length, half]`, with a dimension for the heads. */
function anglesOf(to: Expansion, table: number, positions: number, length: number, axis: number): string {
  const shape = to.shapeOfRank(table, 2, 3);
  const name = to.input(table);
  const heads = to.integers(axis);
  if (!to.has(positions)) {
    if (shape.length !== 3) throw graphInvalid(to.node, 'a table of two dimensions needs positions.');
    return to.add('Unsqueeze', [name, heads]);
  }
  const places = to.shapeOfRank(positions, 1, 2);
  if (places.length === 2) return to.add('Unsqueeze', [to.add('Gather', [name, to.input(positions)], { axis: 0 }), heads]);
  // onnxruntime: the place of the first, from which the others count on.
  const start = to.constant(positions)?.data[0];
  if (start === undefined || places[0] !== 1) throw opUnsupported(to.node, 'a computed place of the first token');
  const rows = to.slice(name, 0, start, start + length);
  return to.add('Unsqueeze', [to.add('Unsqueeze', [rows, to.integers(0)]), heads]);
}

function expandRotary(to: Expansion, tables: readonly [cos: number, sin: number], positions: number): void {
  const { attributes } = to;
  const shape = to.shapeOfRank(0, 3, 4);
  const given = attributes.number('num_heads', 0);
  const turnedOr0 = attributes.number('rotary_embedding_dim', 0);
  const isInterleaved = attributes.number('interleaved', 0) !== 0;
  attributes.finish();
  const half = to.shape(tables[0]).at(-1)!;
  const isFlat = shape.length === 3;
  const width = isFlat ? (given > 0 ? shape[2]! / given : 2 * half) : shape[3]!;
  const turned = turnedOr0 === 0 ? width : turnedOr0;
  if (turned !== 2 * half || turned > width || !Number.isInteger(width) || (isFlat && shape[2]! % width !== 0))
    throw graphInvalid(to.node, `${turned} of ${width} numbers a head do not fit a table of ${half} angles.`);
  const x = isFlat ? to.reshape(to.input(0), 0, 0, shape[2]! / width, width) : to.input(0);
  const [cos, sin] = tables.map((table) => anglesOf(to, table, positions, shape[isFlat ? 1 : 2]!, isFlat ? 2 : 1)) as [
    string,
    string,
  ];
  const y = rotate(to, { x, width, turned, cos, sin, isInterleaved });
  if (isFlat) to.give('Reshape', [y, to.integers(0, 0, shape[2]!)]);
  else to.give('Identity', [y]);
}

export const RotaryEmbedding = (to: Expansion): void => expandRotary(to, [1, 2], 3);

/** Of onnxruntime, whose inputs are in another order. */
export function MicrosoftRotaryEmbedding(to: Expansion): void {
  to.attributes.require('is_packed_batching', 0);
  to.attributes.require('scale', 1);
  expandRotary(to, [2, 3], 1);
}
