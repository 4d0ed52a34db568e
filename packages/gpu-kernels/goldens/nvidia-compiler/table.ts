/** What all pipelines of one kernel and tile have in common, as a row of a table: the largest of each number. */
import type { Constants } from '../../src/kernels/kernel.ts';
import { hottestLoop, type Report } from './read-report.ts';

export interface Compiled {
  readonly kernel: string;
  readonly constants: Constants;
  readonly report: Report;
}

/** Which pipelines share a row: sizes of tiles are part of it, those of networks are not. */
function groupOf({ kernel, constants }: Compiled): string {
  const { TILE_ROWS, TILE_COLUMNS, SLICE_WORDS, BUFFERS, POINTWISE, SIDE, QUERIES, KEYS_AT_ONCE, CHANNELS } = constants;
  const product = TILE_ROWS === undefined ? [] : [`${TILE_ROWS}x${TILE_COLUMNS}x${8 * Number(SLICE_WORDS)}/${BUFFERS}`];
  const full = SIDE === undefined ? [] : [`${SIDE}x${SIDE}`];
  const attention = KEYS_AT_ONCE === undefined ? [] : [`${QUERIES ?? 64}x${KEYS_AT_ONCE}, heads of ${CHANNELS}`];
  const way = POINTWISE === undefined ? [] : [POINTWISE === true ? 'pointwise' : 'patches'];
  return [kernel, ...product, ...full, ...attention, ...way].join(' ');
}

const largest = (all: readonly Compiled[], of: (report: Report) => number): number =>
  Math.max(...all.map(({ report }) => of(report)));

/** `12 lds.b32, 4 ldg.b128` of the row's longest hottest loop, what moves between registers left out. */
function loopText(all: readonly Compiled[]): readonly [blocks: string, instructions: string, kinds: string] {
  const loops = all.map(({ report }) => hottestLoop(report)).filter((loop) => loop !== undefined);
  const [longest] = loops.toSorted((a, b) => b.instructions - a.instructions);
  if (longest === undefined) return ['', '', ''];
  const { mov = 0, ...kinds } = longest.counts;
  const named = Object.keys(kinds).toSorted().map((kind) => `${kinds[kind]} ${kind}`); // biome-ignore format: one list
  return [String(longest.blocks), String(longest.instructions - mov), named.join(', ')];
}

/** A row for every kernel and tile, in the order of their names. */
export function tableOf(compiled: readonly Compiled[]): string {
  const head = [
    'kernel',
    'pipelines',
    'registers',
    'local bytes',
    'spills',
    'warps a unit',
    'loop: blocks',
    'instructions',
    'of them',
  ];
  const rows = [...Map.groupBy(compiled, groupOf)].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([name, all]) => [
    name,
    String(all.length),
    String(largest(all, ({ registers }) => registers)),
    String(largest(all, ({ localBytes }) => localBytes)),
    String(largest(all, ({ spills }) => spills)),
    String(Math.min(...all.map(({ report }) => report.warpsAUnit))),
    ...loopText(all),
  ]); // biome-ignore format: a row
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [
    line(head),
    line(head.map((_, column) => (column === 0 || column === 8 ? '---' : '---:'))),
    ...rows.map(line),
  ].join('\n');
}
