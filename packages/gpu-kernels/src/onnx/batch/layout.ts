/**
 * Where the batch is in the ONNX shape of a value. Items are computed with one after another, so here a value always is its
 * batch times an item shape; networks move the batch (heads before it, `[length, batch, width]`) and merge it with other
 * dimensions (`batch · windows`, `batch · heads`). Neither moves a number of any item.
 */
import { sizeOf } from '../../graph/shapes.ts';
import { batchEntry, dependsOnBatch } from '../constant.ts';

export interface BatchLayout {
  /** The ONNX dimension that is the batch, or a multiple of it. */
  readonly axis: number;
  /** How many item dimensions are merged into it, slower and faster than the batch. */
  readonly before: number;
  readonly after: number;
}

export const usual: BatchLayout = { axis: 0, before: 0, after: 0 };
/** No ONNX dimension is the batch: the whole graph is one item. */
export const noBatch: BatchLayout = { axis: -1, before: 0, after: 0 };
export const isUsual = ({ axis, before, after }: BatchLayout): boolean => axis === 0 && before === 0 && after === 0;
export const sameLayout = (a: BatchLayout, b: BatchLayout): boolean =>
  a.axis === b.axis && a.before === b.before && a.after === b.after;

const merged = ({ before, after }: BatchLayout): number => before + after;
export const rankOf = (layout: BatchLayout, item: readonly number[]): number =>
  item.length - merged(layout) + (layout.axis < 0 ? 0 : 1);

/**
 * In a file for one item a batch that was taken to be merged with the last dimension, behind rows, may as well be merged with these:
 * its numbers lie between both. What reads rows, as a product with a matrix does, shows that it is.
 */
export function withRows(layout: BatchLayout, item: readonly number[], fixedBatch: number | undefined): BatchLayout {
  const isLast = layout.axis > 0 && layout.axis === rankOf(layout, item) - 1;
  const isMoved = fixedBatch === 1 && isLast && layout.before === 0 && layout.after === 1;
  return isMoved ? { axis: layout.axis - 1, before: 1, after: 0 } : layout;
}

/** Item dimension of an ONNX dimension; undefined for the batch. */
export function itemAxis(layout: BatchLayout, axis: number): number | undefined {
  if (axis === layout.axis) return undefined;
  if (layout.axis < 0) return axis;
  return axis < layout.axis ? axis : axis - 1 + merged(layout);
}

/** Item dimensions of each ONNX dimension; those of the batch may be none. */
export function groupsOf(layout: BatchLayout, item: readonly number[]): number[][] {
  return Array.from({ length: rankOf(layout, item) }, (_, axis) => {
    const single = itemAxis(layout, axis);
    if (single !== undefined) return [single];
    return Array.from({ length: merged(layout) }, (_unused, d) => layout.axis + d);
  });
}

/** ONNX shape, with multiples of the batch as constants spell them. */
export const onnxShape = (layout: BatchLayout, item: readonly number[]): number[] =>
  groupsOf(layout, item).map((group, axis) => sizeOf(group.map((d) => item[d]!)) * (axis === layout.axis ? batchEntry : 1));

export interface Moved {
  readonly item: readonly number[];
  readonly layout: BatchLayout;
}

/** The batch at `at` of `entries`, times `multiple`: what item shape that makes, if any. */
function placed(
  entries: readonly number[],
  at: number,
  multiple: number,
  slower: number,
  faster: number,
): Moved | undefined {
  const [left, right] = [entries.slice(0, at), entries.slice(at + 1)];
  const before = slower / sizeOf(left);
  const after = multiple / before;
  if (![before, after, ...left, ...right].every((size) => Number.isInteger(size) && size >= 1)) return undefined;
  if (after * sizeOf(right) !== faster) return undefined;
  const [slow, fast] = [before, after].map((size) => (size > 1 ? [size] : [])) as [number[], number[]];
  return {
    item: [...left, ...slow, ...fast, ...right],
    layout: { axis: at, before: slow.length, after: fast.length },
  };
}

/**
 * The target of a Reshape. The batch is where the file says so, by arithmetic with it; else where a size is left open, or
 * where the batch that the file was exported for fits, alone rather than merged, and merged with what lies behind it rather
 * than before.
 */
export function reshaped(
  { item, layout }: Moved,
  target: readonly number[],
  fixedBatch: number | undefined,
): Moved | undefined {
  const cut = layout.axis + layout.before;
  const [slower, faster] = [sizeOf(item.slice(0, cut)), sizeOf(item.slice(cut))];
  const shape = onnxShape(layout, item);
  const entries = target.map((entry, d) => (entry === 0 ? (shape[d] ?? 0) : entry));
  const open = entries.indexOf(-1);
  const others = (at: number): number => sizeOf(entries.filter((_, d) => d !== at && d !== open));
  const total = slower * faster;
  const candidates: { at: number; multiple: number; rest: readonly number[] }[] = [];
  const offer = (at: number, multiple: number): void => {
    const rest = entries.map((entry, d) => (d === open && d !== at ? total / others(at) / multiple : entry));
    candidates.push({ at, multiple, rest });
  };
  const stated = entries.findIndex(dependsOnBatch);
  if (stated >= 0) offer(stated, entries[stated]! / batchEntry);
  else {
    for (const [at, entry] of entries.entries())
      if (fixedBatch !== undefined && at !== open && entry % fixedBatch === 0) offer(at, entry / fixedBatch);
    if (open >= 0) offer(open, total / others(open));
    candidates.sort((a, b) => Number(a.multiple !== 1) - Number(b.multiple !== 1));
  }
  const found = candidates.flatMap(({ at, multiple, rest }) => placed(rest, at, multiple, slower, faster) ?? []);
  // Frameworks merge heads and windows behind the batch; what lies before it has a dimension of its own.
  return found.find((moved) => moved.layout.before === 0) ?? found[0];
}
