/** Matrix products of a graph without a batch. */
import { graphInvalid, opUnsupported } from '../../graph/graph-errors.ts';
import { isFloat } from '../constant.ts';
import type { Rewrite } from './rewriting.ts';

/** `b`: the second operand, of integers. A constant matrix is one for all rows; other constants are spread by the planner. */
export const ofIntegers =
  (b: number): Rewrite =>
  (to) => {
    if (to.move.constant(b)?.shape.length === 2) return to.end(to.move.node.inputs);
    const rank = Math.max(to.shape(0).length, to.shape(b).length);
    return to.end(to.move.node.inputs.map((name, index) => (index === 0 || index === b ? to.ofRank(index, rank) : name)));
  };

/** Vectors are matrices of one row or column, whose dimension the result has not. */
export const MatMul: Rewrite = (to) => {
  const [a, b] = [to.shape(0), to.shape(1)];
  if (a.length === 0 || b.length === 0) throw graphInvalid(to.move.node, 'a product of numbers alone.');
  const rank = Math.max(a.length, b.length, 2);
  const first = a.length === 1 ? to.reshape(to.move.node.inputs[0]!, [...new Array<number>(rank - 1).fill(1), ...a]) : to.ofRank(0, rank); // biome-ignore format: one expression
  const second = b.length === 1 ? to.reshape(to.move.node.inputs[1]!, [...new Array<number>(rank - 2).fill(1), ...b, 1]) : to.ofRank(1, rank); // biome-ignore format: one expression
  if (a.length > 1 && b.length > 1) return to.end([first, second]);
  const product = to.add('MatMul', [first, second]);
  const longer = (a.length > 1 ? a : b).slice(0, -2);
  const shape = [...longer, ...(a.length === 1 ? [] : [a.at(-2)!]), ...(b.length === 1 ? [] : [b.at(-1)!])];
  return to.end([product, to.move.add([0, ...shape])], {}, 'Reshape');
};

export const Gemm: Rewrite = (to) => {
  const [alpha, beta] = [to.move.number('alpha', 1), to.move.number('beta', 1)];
  const number = (value: number): string => to.move.add(Float32Array.of(value), [], 'float32');
  const [a, b] = ['transA', 'transB'].map((name, index) => {
    const given = to.move.node.inputs[index]!;
    if (to.move.number(name, 0) === 0) return given;
    const constant = to.move.constant(index);
    if (constant === undefined) return to.add('Transpose', [given], { perm: [0, 2, 1] });
    const [rows = 0, columns = 0] = constant.shape;
    if (!isFloat(constant.type)) throw opUnsupported(to.move.node, `${constant.type} numbers`);
    const turned = Float32Array.from(constant.data, (_, i) => constant.data[(i % rows) * columns + Math.floor(i / rows)]!);
    return to.move.add(turned, [columns, rows], 'float32');
  }) as [string, string];
  const hasSum = (to.move.node.inputs[2] ?? '') !== '';
  if (!hasSum && alpha === 1) return to.end([a, b], {}, 'MatMul');
  const product = to.add('MatMul', [a, b]);
  if (!hasSum) return to.end([product, number(alpha)], {}, 'Mul');
  const scaled = alpha === 1 ? product : to.add('Mul', [product, number(alpha)]);
  const constant = to.move.constant(2);
  const times = (name: string): string => to.add('Mul', [name, number(beta)]);
  const sum =
    beta === 1
      ? to.ofRank(2, 2)
      : constant === undefined
        ? times(to.ofRank(2, 2))
        : to.move.add(Float32Array.from(constant.data, (c) => c * beta), constant.shape, 'float32'); // biome-ignore format: one call
  return to.end([scaled, sum], {}, 'Add');
};
