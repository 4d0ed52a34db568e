/**
 * Det as elimination with partial pivoting, which is stable and what onnxruntime does:
 * https://onnx.ai/onnx/operators/onnx__Det.html. Each turn takes a column and the row of its largest number; the first row
 * takes that row's place, which turns the sign unless it is the first itself.
 */
import { opUnsupported } from '../../graph/graph-errors.ts';
import { dependsOnBatch, showOpenShape } from '../constant.ts';
import type { Expansion } from './expansion.ts';

/** A turn is some twelve steps, so that the plan of a larger matrix would be longer than most networks. */
const largest = 16;

/** The matrices `[…, size, size]`, and what a turn makes of them. */
interface Turn {
  /** The number that the determinant is multiplied by, `[…, 1, 1]`. */
  readonly factor: string;
  /** `[…, size - 1, size - 1]` */
  readonly rest: string;
}

function eliminate(to: Expansion, matrix: string, size: number, rank: number): Turn {
  const [rowAxis, columnAxis] = [rank - 2, rank - 1];
  const column = to.slice(matrix, columnAxis, 0, 1);
  const place = to.add('ArgMax', [to.add('Abs', [column])], { axis: rowAxis, keepdims: 1 });
  const rows = to.tensor(
    'int64',
    [size, 1],
    Array.from({ length: size }, (_, row) => row),
  );
  const isPivot = to.add('Equal', [rows, place]);
  const zero = to.number(0);
  const pivotRow = to.add('ReduceSum', [to.add('Where', [isPivot, matrix, zero]), to.integers(rowAxis)], { keepdims: 1 });
  const pivot = to.slice(pivotRow, columnAxis, 0, 1);
  const isFirst = to.add('Equal', [place, to.tensor('int64', [], [0])]);
  const factor = to.add('Where', [isFirst, pivot, to.add('Neg', [pivot])]);
  // A column of zeros has no row to take off, and the determinant is 0 whatever is left.
  const divisor = to.add('Where', [to.add('Equal', [pivot, zero]), to.number(1), pivot]);
  const below = to.slice(isPivot, rowAxis, 1, size);
  const kept = to.add('Where', [below, to.slice(matrix, rowAxis, 0, 1), to.slice(matrix, rowAxis, 1, size)]);
  const shares = to.add('Div', [to.slice(kept, columnAxis, 0, 1), divisor]);
  const taken = to.add('Mul', [shares, to.slice(pivotRow, columnAxis, 1, size)]);
  return { factor, rest: to.add('Sub', [to.slice(kept, columnAxis, 1, size), taken]) };
}

export function Det(to: Expansion): void {
  to.attributes.finish();
  const shape = to.shape(0);
  const rank = shape.length;
  const [rows = 0, columns = 0] = shape.slice(-2);
  if (rank < 2 || rows !== columns || dependsOnBatch(rows) || rows > largest)
    throw opUnsupported(to.node, `matrices ${showOpenShape(shape)}, only square ones of up to ${largest} rows for each item are implemented`); // biome-ignore format: one message
  let [matrix, determinant]: [string, string | undefined] = [to.input(0), undefined];
  for (let size = rows; size > 1; size--) {
    const { factor, rest } = eliminate(to, matrix, size, rank);
    determinant = determinant === undefined ? factor : to.add('Mul', [determinant, factor]);
    matrix = rest;
  }
  const product = determinant === undefined ? matrix : to.add('Mul', [determinant, matrix]);
  to.give('Squeeze', [product, to.integers(rank - 2, rank - 1)]);
}
