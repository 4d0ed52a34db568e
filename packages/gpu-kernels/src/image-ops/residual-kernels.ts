/**
 * Kernels of the residual filters. SRM: J. Fridrich and J. Kodovský, "Rich Models for Steganalysis of Digital Images"
 * (2012); the three are those of P. Zhou et al., "Learning Rich Features for Image Manipulation Detection" (2018). Of the
 * 30, in this order: 8 first-order, 4 second-order and 8 third-order differences, 4 edges 3 × 3, the square 3 × 3, 4 edges
 * 5 × 5, the square 5 × 5, each over its largest weight. Directions go in reading order around the centre.
 */
export interface Kernels {
  readonly size: number;
  readonly kernels: Float32Array;
}
type Rows = readonly (readonly number[])[];

const kernelsOf = (size: number, kernels: readonly Rows[]): Kernels => ({
  size,
  kernels: Float32Array.from(kernels.flatMap((rows) => rows.flat())),
});

export const diagonalGradient = kernelsOf(3, [[[-2, -1, 0], [-1, 0, 1], [0, 1, 2]]]); // biome-ignore format: a matrix
export const laplacian = kernelsOf(3, [[[0, 1, 0], [1, -4, 1], [0, 1, 0]]]); // biome-ignore format: a matrix

const over = (divisor: number, rows: Rows): Rows => rows.map((row) => row.map((weight) => weight / divisor));
/** In the middle of 5 × 5. */
const padded = (rows: Rows): Rows => [[0, 0, 0, 0, 0], ...rows.map((row) => [0, ...row, 0]), [0, 0, 0, 0, 0]];
const turned = (rows: Rows): Rows => rows.map((_, y) => rows.map((_, x) => rows[x]![rows.length - 1 - y]!));

const directions = [[-1, -1], [0, -1], [1, -1], [-1, 0], [1, 0], [-1, 1], [0, 1], [1, 1]] as const; // biome-ignore format: reading order

/** Weights along a line through the centre: `weights[i]` at `first + i` steps in the direction. */
function along([dx, dy]: readonly [number, number], first: number, weights: readonly number[]): Rows {
  const rows = Array.from({ length: 5 }, () => new Array<number>(5).fill(0));
  for (const [i, weight] of weights.entries()) rows[2 + dy * (first + i)]![2 + dx * (first + i)] = weight;
  return rows;
}

const square3 = [[-1, 2, -1], [2, -4, 2], [-1, 2, -1]]; // biome-ignore format: a matrix
const edge3 = [[-1, 2, -1], [2, -4, 2], [0, 0, 0]]; // biome-ignore format: a matrix
const square5 = [[-1, 2, -2, 2, -1], [2, -6, 8, -6, 2], [-2, 8, -12, 8, -2], [2, -6, 8, -6, 2], [-1, 2, -2, 2, -1]]; // biome-ignore format: a matrix
const edge5 = [...square5.slice(0, 3), [0, 0, 0, 0, 0], [0, 0, 0, 0, 0]];

/** An edge as it is, and turned three times by a quarter to the left. */
function fourEdges(rows: Rows): Rows[] {
  const edges = [rows];
  while (edges.length < 4) edges.push(turned(edges.at(-1)!));
  return edges;
}

const second = [1, -2, 1];
export const srmKernels: Readonly<Record<3 | 30, Kernels>> = {
  3: kernelsOf(5, [padded(over(4, square3)), over(12, square5), over(2, along([1, 0], -1, second))]),
  30: kernelsOf(5, [
    ...directions.map((direction) => along(direction, 0, [-1, 1])),
    ...directions.slice(0, 4).map((direction) => over(2, along(direction, -1, second))),
    ...directions.map((direction) => over(3, along(direction, -1, [1, -3, 3, -1]))),
    ...fourEdges(edge3).map((rows) => padded(over(4, rows))),
    padded(over(4, square3)),
    ...fourEdges(edge5).map((rows) => over(12, rows)),
    over(12, square5),
  ]),
};
