/** Statistics of benchmarks. */

export const cosine = (a: Float32Array, b: Float32Array): number => {
  let [ab, aa, bb] = [0, 0, 0];
  a.forEach((x, at) => {
    ab += x * b[at]!;
    aa += x * x;
    bb += b[at]! ** 2;
  });
  return ab / Math.sqrt(aa * bb);
};

export const sorted = (numbers: readonly number[]): number[] => numbers.toSorted((a, b) => a - b);
export const median = (numbers: readonly number[]): number => sorted(numbers)[Math.floor(numbers.length / 2)]!;
