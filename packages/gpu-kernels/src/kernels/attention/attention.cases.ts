import type { AttentionStep, MatrixView } from '../../graph/plan-products.ts';
import type { KernelCase } from '../case.ts';

type Sizes = Pick<AttentionStep, 'outer' | 'heads' | 'rows' | 'keys' | 'channels' | 'valueChannels'>;

/** `[outer, head, row, column]`, one after another. */
const dense = (heads: number, rows: number, columns: number): MatrixView => ({
  offset: 0,
  strides: [heads * rows * columns, rows * columns, columns, 1],
});
/** `[outer, row, head, column]`, as a linear layer leaves its heads. */
const interleaved = (heads: number, rows: number, columns: number, parts = 1, part = 0): MatrixView => ({
  offset: part * heads * columns,
  strides: [rows * parts * heads * columns, columns, parts * heads * columns, 1],
});

function denseCase(
  name: string,
  sizes: Sizes,
  more: Partial<KernelCase> = {},
  mask: Partial<AttentionStep> = {},
): KernelCase {
  const { outer, heads, rows, keys, channels, valueChannels } = sizes;
  return {
    name: `attention: ${name}`,
    seed: 90,
    inputs: [
      [outer, heads, rows, channels],
      [outer, heads, keys, channels],
      [outer, heads, keys, valueChannels],
    ],
    output: [outer, heads, rows, valueChannels],
    step: {
      op: 'attention',
      q: 0,
      k: 1,
      v: 2,
      ...sizes,
      scale: 1 / Math.sqrt(channels),
      qView: dense(heads, rows, channels),
      kView: dense(heads, keys, channels),
      vView: dense(heads, keys, valueChannels),
      yView: dense(heads, rows, valueChannels),
      ...mask,
    },
    ...more,
  };
}

const joined = { outer: 1, heads: 3, rows: 50, keys: 50, channels: 8, valueChannels: 8 };

/** Head sizes of published transformers with token counts that no tile divides; scores are spread, so that weights differ. */
const published: readonly (readonly [tokens: number, channels: number])[] = [
  [1, 64],
  [49, 32],
  [50, 128],
  [50, 96],
  [197, 72],
  [257, 80],
  [577, 64],
];

/** Heads side by side in one joined projection, as half-precision plans read them; with a mask, that of shifted windows. */
const publishedCase = ([tokens, channels]: (typeof published)[number], masked: boolean): KernelCase =>
  denseCase(
    `${tokens} tokens, heads of ${channels}${masked ? ', mask' : ''}`,
    { outer: 1, heads: 2, rows: tokens, keys: tokens, channels, valueChannels: channels },
    {
      inputs: [[tokens, 6 * channels]],
      output: [tokens, 2 * channels],
      batch: 2,
      range: [-2, 2],
      ...(masked ? { weights: { mask: [2, tokens, tokens] }, ranges: { mask: [-9, 3] } } : {}),
    },
    {
      k: 0,
      v: 0,
      qView: interleaved(2, tokens, channels, 3, 0),
      kView: interleaved(2, tokens, channels, 3, 1),
      vView: interleaved(2, tokens, channels, 3, 2),
      yView: interleaved(2, tokens, channels),
      ...(masked ? { maskWeight: 'mask', maskView: { offset: 0, strides: [0, tokens * tokens, tokens, 1] } } : {}),
    },
  );

/** A mask of minus infinity that takes every third row whole, and of the others every other key. */
const emptyRows = (rows: number, keys: number): number[] =>
  Array.from({ length: rows * keys }, (_, i) => (Math.floor(i / keys) % 3 === 1 || (i % keys) % 2 === 1 ? -Infinity : 0));

/** Rows that a mask leaves nothing of, which a guard of exporters makes 0. */
const emptyCase = (rows: number, keys: number, channels: number): KernelCase =>
  denseCase(
    `${rows} rows, of which a mask takes some whole`,
    { outer: 1, heads: 2, rows, keys, channels, valueChannels: channels },
    { weights: { mask: [rows, keys] }, numbers: { mask: emptyRows(rows, keys) } },
    { maskWeight: 'mask', maskView: { offset: 0, strides: [0, 0, keys, 1] }, zeroEmpty: true },
  );

export const attentionCases: readonly KernelCase[] = [
  ...published.map((sizes) => publishedCase(sizes, false)),
  publishedCase([49, 32], true),
  publishedCase([197, 72], true),
  denseCase(
    'scores that keep growing along the keys',
    { outer: 1, heads: 1, rows: 66, keys: 200, channels: 8, valueChannels: 8 },
    {
      weights: { mask: [200] },
      numbers: { mask: Array.from({ length: 200 }, (_, i) => i) },
      tolerance: { maxNmse: 1e-6, reason: 'scores about 200 are rounded to 1e-5 before the exponential' },
    },
    { maskWeight: 'mask', maskView: { offset: 0, strides: [0, 0, 0, 1] } },
  ),
  denseCase('one row, one key', { outer: 1, heads: 1, rows: 1, keys: 1, channels: 1, valueChannels: 1 }),
  denseCase('sizes that nothing divides', { outer: 2, heads: 3, rows: 5, keys: 70, channels: 7, valueChannels: 67 }),
  denseCase('more rows than a block', { outer: 1, heads: 2, rows: 130, keys: 9, channels: 4, valueChannels: 5 }),
  denseCase('heads of ViT-B/32', { outer: 1, heads: 2, rows: 50, keys: 50, channels: 64, valueChannels: 64 }),
  denseCase('heads too wide for one thread', { outer: 1, heads: 1, rows: 17, keys: 5, channels: 130, valueChannels: 130 }),
  denseCase(
    'scores that overflow exp',
    { outer: 1, heads: 1, rows: 3, keys: 66, channels: 4, valueChannels: 3 },
    { range: [20, 21], tolerance: { maxNmse: 1e-6, reason: 'scores about 800 are rounded to 6e-5 before the exponential' } },
  ),
  denseCase(
    'a constant mask for all heads',
    { outer: 2, heads: 2, rows: 6, keys: 5, channels: 4, valueChannels: 4 },
    { weights: { mask: [2, 6, 5] } },
    { maskWeight: 'mask', maskView: { offset: 0, strides: [30, 0, 5, 1] } },
  ),
  denseCase(
    'a causal mask of minus infinity',
    { outer: 1, heads: 2, rows: 70, keys: 70, channels: 4, valueChannels: 4 },
    {
      weights: { mask: [70, 70] },
      numbers: { mask: Array.from({ length: 4900 }, (_, i) => (i % 70 > Math.floor(i / 70) ? -Infinity : 0)) },
    },
    { maskWeight: 'mask', maskView: { offset: 0, strides: [0, 0, 70, 1] } },
  ),
  emptyCase(5, 7, 4),
  emptyCase(70, 90, 16),
  denseCase(
    'a mask of each item',
    { outer: 1, heads: 2, rows: 6, keys: 5, channels: 4, valueChannels: 4 },
    { inputs: [[2, 6, 4], [2, 5, 4], [2, 5, 4], [5]], output: [2, 6, 4] },
    { mask: 3, maskView: { offset: 0, strides: [0, 0, 0, 1] } },
  ),
  denseCase(
    'heads of one joined projection, written side by side',
    joined,
    { inputs: [[50, 72]], output: [50, 24] },
    {
      k: 0,
      v: 0,
      qView: interleaved(3, 50, 8, 3, 0),
      kView: interleaved(3, 50, 8, 3, 1),
      vView: interleaved(3, 50, 8, 3, 2),
      yView: interleaved(3, 50, 8),
    },
  ),
  denseCase(
    'keys that four heads share, columns first',
    { outer: 1, heads: 4, rows: 7, keys: 6, channels: 5, valueChannels: 5 },
    { inputs: [[4, 7, 5], [5, 6], [6, 5]], output: [4, 7, 5] },
    { kView: { offset: 0, strides: [0, 0, 1, 6] }, vView: { offset: 0, strides: [0, 0, 5, 1] } },
  ),
]; // biome-ignore format: a table
