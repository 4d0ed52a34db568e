/**
 * Which tile makes a half-precision product, and how many workgroups share the inner dimension: the choice that was measured on
 * the adapter where there is one (`gpu-tune.ts`), else the cheapest by a small model of a large GPU.
 */
import type { Target } from '../kernel.ts';

export interface Tile {
  readonly rows: number;
  readonly columns: number;
  /** Matrices in a column and in a row of the block that one subgroup makes. */
  readonly down: 2 | 4;
  readonly across: 2 | 4;
  /** Halves of the inner dimension that are staged at once. */
  readonly slice: 16 | 32;
}

export const tiles = {
  small: { rows: 64, columns: 64, down: 2, across: 2, slice: 32 },
  narrow: { rows: 128, columns: 64, down: 4, across: 2, slice: 32 },
  /** As narrow in blocks as large as those of `medium`; two buffers of longer slices would not fit 48 KiB. */
  tall: { rows: 256, columns: 64, down: 4, across: 4, slice: 16 },
  medium: { rows: 128, columns: 128, down: 4, across: 4, slice: 32 },
  large: { rows: 256, columns: 128, down: 4, across: 4, slice: 32 },
  /** As large, in slices of half the length, so that two buffers fit 48 KiB and threads keep fewer words on their way. */
  thin: { rows: 256, columns: 128, down: 4, across: 4, slice: 16 },
} as const satisfies Record<string, Tile>;
export type TileName = keyof typeof tiles;

export interface TileChoice {
  readonly name: TileName;
  /** Slices in workgroup memory: with two, one is written while the other is read. */
  readonly buffers: 1 | 2;
  /** Workgroups that share the inner dimension of a tile. */
  readonly parts: number;
}

/** Rows and columns of the result, and the inner dimension. */
export type ProductSize = readonly [rows: number, columns: number, inner: number];

/** Rows of weights are filled up to a multiple of the longest slice. */
export const weightSlice = 32;
/** 16-byte words of a staged row, one of which shifts the banks. */
const rowWordsOf = ({ slice }: Tile): number => slice / 8 + 1;

/** A subgroup to a block: as many for matrices of 16x16 by 32 threads as for 8x8 by 8. */
export const threadsOf = ({ rows, columns, down, across }: Tile): number => (rows * columns) / (8 * down * across);

/** Staged operands, or the first rows of matrices of every block in float32, whichever is more. */
export const stagedWords = (tile: Tile, buffers: number): number => {
  const { rows, columns, down } = tile;
  return Math.max(buffers * (rows + columns) * rowWordsOf(tile), (rows / down) * (columns / 4));
};

/** What `readChoice` reads: `NAME/BUFFERS/PARTS`. */
export const choiceText = ({ name, buffers, parts }: TileChoice): string => `${name}/${buffers}/${parts}`;

/** `medium`, `medium/2` or `medium/2/4`: tile, buffers, parts; what is left out is 1. */
export function readChoice(text: string): TileChoice {
  const [name, buffers = '1', parts = '1'] = text.split('/') as [TileName, string?, string?];
  return { name, buffers: buffers === '2' ? 2 : 1, parts: Number(parts) };
}

/** Units of a large GPU: an H100 has 132 multiprocessors. WebGPU says of no adapter how many it has. */
const units = 132;
/** Of the inner dimension, below which a part would do more adding up than multiplying; and the most parts. */
const [shortestPart, mostParts] = [256, 8];
/** What a tile costs beyond its slices, in slices: the first fetch, which nothing hides, and its end. */
const edges = 2;
/**
 * Microseconds that one unit takes over a slice of 128 x 128: tiles of 64x64 a subgroup reached 262 TFLOP/s on an H100. Smaller
 * blocks read more of the workgroup memory for each product, which bounds them to the shares below.
 */
const sliceMicroseconds = (2 * 128 * 128 * weightSlice) / (262e6 / units);
const speeds: Readonly<Record<TileName, number>> = { small: 0.5, narrow: 0.75, tall: 0.95, medium: 1, large: 1, thin: 0.95 };
/** A split that promises less than a tenth is not worth its second dispatch. */
const splitMargin = 1.1;
/** Shares that are guesses until `gpu-tune.ts` has measured: two barriers a slice, and a unit with too few threads to hide latency. */
const [singleBuffer, fewThreads, enoughThreads] = [0.9, 0.75, 256];
/** Of a second dispatch and of the sums that it reads: 3 TB/s of memory, each number written and read once. */
const [dispatchMicroseconds, bytesAMicrosecond] = [3, 3e6];

function costOf({ name, buffers, parts }: TileChoice, [rows, columns, inner]: ProductSize): number {
  const tile = tiles[name];
  const workgroups = Math.ceil(rows / tile.rows) * Math.ceil(columns / tile.columns) * parts;
  const slices = Math.ceil(Math.ceil(inner / weightSlice) / parts) + edges;
  const area = (tile.rows * tile.columns) / (128 * 128);
  const most = Math.ceil(workgroups / units);
  const hiding = most * threadsOf(tile) < enoughThreads ? fewThreads : 1;
  const speed = speeds[name] * hiding * (buffers === 1 ? singleBuffer : 1);
  const product = (most * area * slices * sliceMicroseconds) / speed;
  if (parts === 1) return product;
  const adding = dispatchMicroseconds + (8 * parts * rows * columns) / bytesAMicrosecond;
  return (product + adding) * splitMargin;
}

const fits = (tile: Tile, buffers: number, target: Target): boolean =>
  stagedWords(tile, buffers) * 16 <= target.workgroupBytes && threadsOf(tile) <= target.workgroupThreads;

/** Every choice that the target can run, with as many parts as are worth a look. */
export function possibleChoices([rows, columns, inner]: ProductSize, target: Target): readonly TileChoice[] {
  const names = Object.keys(tiles) as TileName[];
  return names.flatMap((name) => {
    const { rows: high, columns: wide } = tiles[name];
    const count = Math.ceil(rows / high) * Math.ceil(columns / wide);
    const most = count > units ? 1 : Math.max(1, Math.min(mostParts, Math.floor(inner / shortestPart)));
    return ([1, 2] as const)
      .filter((buffers) => fits(tiles[name], buffers, target))
      .flatMap((buffers) => Array.from({ length: most }, (_, more): TileChoice => ({ name, buffers, parts: more + 1 })));
  });
}

/**
 * By the batch of the plan and not of the run, so that an item's sums do not depend on its company. Without matrix instructions
 * a thread keeps its sums in registers of its own, and only the small tile leaves enough of them.
 */
export function choiceOf(size: ProductSize, target: Target): TileChoice {
  if (target.tile !== undefined) return readChoice(target.tile);
  const measured = target.tuned?.[size.join('x')];
  if (measured !== undefined) return readChoice(measured);
  if (target.matrices === undefined) return { name: 'small', buffers: 1, parts: 1 };
  return possibleChoices(size, target).reduce((best, choice) => (costOf(choice, size) < costOf(best, size) ? choice : best)); // biome-ignore format: one choice
}
