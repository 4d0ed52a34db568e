/** Solves small symmetric positive definite systems. */
import { DiptychError } from '@diptych/plugin-kit';

/**
 * x with A x = right, by Cholesky factors (Golub and Van Loan, "Matrix Computations", 4th ed., section 4.2).
 * `matrix` is row-major, n × n; only its lower triangle is read. Throws `INVARIANT_BROKEN` if it is not positive definite.
 */
export function solvePositiveDefinite(matrix: Float64Array, right: Float64Array): Float64Array {
  const n = right.length;
  const lower = factor(matrix, n);
  const x = right.slice();
  for (let row = 0; row < n; row++) {
    for (let column = 0; column < row; column++) x[row]! -= lower[row * n + column]! * x[column]!;
    x[row]! /= lower[row * n + row]!;
  }
  for (let row = n - 1; row >= 0; row--) {
    for (let column = row + 1; column < n; column++) x[row]! -= lower[column * n + row]! * x[column]!;
    x[row]! /= lower[row * n + row]!;
  }
  return x;
}

function factor(matrix: Float64Array, n: number): Float64Array {
  const lower = new Float64Array(n * n);
  for (let row = 0; row < n; row++) {
    for (let column = 0; column <= row; column++) {
      let sum = matrix[row * n + column]!;
      for (let k = 0; k < column; k++) sum -= lower[row * n + k]! * lower[column * n + k]!;
      if (row === column && !(sum > 0))
        throw new DiptychError(
          'INVARIANT_BROKEN',
          `Expected a positive definite matrix, pivot ${row} of ${n} is ${sum}. Please report the command you ran.`,
        );
      lower[row * n + column] = row === column ? Math.sqrt(sum) : sum / lower[column * n + column]!;
    }
  }
  return lower;
}
