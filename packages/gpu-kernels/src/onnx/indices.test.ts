/** Ops that compute, choose by and write at indices. Expected values are worked out by hand. */
import { describe, expect, it } from 'vitest';
import { floats, integers, modelOf, node, run } from './test-models.ts';

const scalar = (name: string, value: number) => ({ ...integers(name, value), shape: [] });
const shaped = (name: string, shape: readonly number[], ...values: number[]) => ({ ...integers(name, ...values), shape });
/** x as whole numbers. */
const whole = node('Cast', 'x', 'i', { to: 7 });

describe('places', () => {
  it('ArgMax and ArgMin give the first place, or the last, and keep the dimension or not', async () => {
    const of = (op: string, attributes: Record<string, number>) => modelOf(['n', 2, 3], [node(op, 'x', 'y', attributes)]);
    const x = [4, 9, 9, 1, 0, 0];
    expect(await run(of('ArgMax', { axis: 2 }), x)).toEqual([1, 0]);
    expect(await run(of('ArgMax', { axis: -1, select_last_index: 1, keepdims: 0 }), x)).toEqual([2, 0]);
    expect(await run(of('ArgMin', { axis: 1 }), x)).toEqual([1, 1, 1]);
    await expect(run(of('ArgMax', { axis: 0 }), x)).rejects.toThrow('an index over the batch');
  });

  it('of numbers that are none are no place, so that what they choose is none either', async () => {
    const of = (last: number) => modelOf(['n', 2], [node('ArgMax', 'x', 'i', { axis: 1, keepdims: 1, select_last_index: last }), node('GatherElements', 'x i', 'y', { axis: 1 })]); // biome-ignore format: one model
    expect(await run(of(0), [Number.NaN, 1])).toEqual([Number.NaN]);
    expect(await run(of(1), [Number.NaN, 1])).toEqual([Number.NaN]);
  });

  it('Hardmax marks the first largest', async () => {
    expect(await run(modelOf(['n', 2, 2], [node('Hardmax', 'x', 'y', { axis: 1 })]), [1, 5, 1, 7])).toEqual([1, 0, 0, 1]);
  });

  it('OneHot counts from the end too, and leaves out what its depth has not', async () => {
    const model = (axis: number) => modelOf(['n', 4], [node('OneHot', 'x depth values', 'y', { axis })], [scalar('depth', 3), floats('values', [2], 5, 8)]); // biome-ignore format: one model
    expect(await run(model(-1), [0, -1, 3, -4])).toEqual([8, 5, 5, 5, 5, 8, 5, 5, 5, 5, 5, 5]);
    expect(await run(model(1), [0, -1, 3, -4])).toEqual([8, 5, 5, 5, 5, 5, 5, 5, 5, 8, 5, 5]);
  });

  it('TopK gives equal numbers in their order, infinities, and any dimension', async () => {
    const of = (item: number[], k: number, attributes = {}) => modelOf(['n', ...item], [node('TopK', 'x k', 'v p', attributes), node('Cast', 'p', 'f', { to: 1 }), node('Concat', 'v f', 'y', { axis: 1 })], [integers('k', k)]); // biome-ignore format: one model
    expect(await run(of([5], 3), [2, 7, -Infinity, 7, 3])).toEqual([7, 7, 3, 1, 3, 4]);
    expect(await run(of([5], 2, { largest: 0 }), [2, 7, -Infinity, 7, 2])).toEqual([-Infinity, 2, 2, 0]);
    expect(await run(of([3, 2], 1, { axis: 1 }), [1, 6, 3, 5, 2, 4])).toEqual([3, 6, 1, 0]);
    expect((await run(of([3], 2), [1, Number.NaN, 2])).slice(0, 2)).toEqual([Number.NaN, Number.NaN]);
  });
});

describe('choosing', () => {
  it('GatherElements takes a place for each number, from the end too', async () => {
    const model = modelOf(['n', 2, 3], [node('GatherElements', 'x at', 'y', { axis: 2 })], [shaped('at', [1, 2, 2], 2, 0, -1, 1)]); // biome-ignore format: one model
    expect(await run(model, [1, 2, 3, 4, 5, 6])).toEqual([3, 1, 6, 5]);
  });

  it('GatherND takes tuples from each item, and rows of what they leave open', async () => {
    const cut = [node('Slice', 'x a b axis', 'p'), node('Slice', 'x b c axis', 'q'), node('Cast', 'q', 'i', { to: 7 })];
    const model = modelOf(['n', 2, 4], [...cut, node('GatherND', 'p i', 'y', { batch_dims: 1 })], [integers('a', 0), integers('b', 2), integers('c', 4), integers('axis', 2)]); // biome-ignore format: one model
    expect(await run(model, [10, 20, 1, 0, 30, 40, -1, -2])).toEqual([30, 30]);
    const rows = modelOf(['n', 2, 2], [node('Slice', 'x a b axis', 'p'), node('Cast', 'p', 'i', { to: 7 }), node('GatherND', 'x i', 'y', { batch_dims: 2 })], [integers('a', 1), integers('b', 2), integers('axis', 2)]); // biome-ignore format: one model
    expect(await run(rows, [7, 1, 8, 0])).toEqual([1, 8]);
  });

  it('GatherND takes from a table that all items share', async () => {
    const table = floats('table', [2, 3], 1, 2, 3, 4, 5, 6);
    const of = (width: number) => modelOf(['n', 2, width], [whole, node('GatherND', 'table i', 'y')], [table]);
    expect(await run(of(2), [1, 0, 0, -1])).toEqual([4, 3]);
    expect(await run(of(1), [1, 0])).toEqual([4, 5, 6, 1, 2, 3]);
  });

  it('a computed tuple that leaves any dimension gives NaN, even where the row would have the place', async () => {
    const table = floats('table', [2, 3], 1, 2, 3, 4, 5, 6);
    const model = modelOf(['n', 5, 2], [whole, node('GatherND', 'table i', 'y')], [table]);
    expect(await run(model, [0, 3, 0, -4, 2, 0, -3, 0, 1, 2])).toEqual([Number.NaN, Number.NaN, Number.NaN, Number.NaN, 6]);
  });
});

describe('numbers of items', () => {
  const arange = [node('Shape', 'x', 's', { start: 0, end: 1 }), node('Squeeze', 's', 'count'), node('Range', 'zero count one', 'items')]; // biome-ignore format: one list
  const [zero, one, last] = [scalar('zero', 0), scalar('one', 1), integers('last', -1)];
  const place = node('ArgMax', 'x', 'place', { axis: 1, keepdims: 0 });

  it('beside an index let each item choose from its own', async () => {
    const tuple = [node('Unsqueeze', 'items last', 'a'), node('Unsqueeze', 'place last', 'b'), node('Concat', 'a b', 't', { axis: -1 })]; // biome-ignore format: one list
    const model = modelOf(['n', 3], [...arange, place, ...tuple, node('GatherND', 'x t', 'y')], [zero, one, last]);
    expect(await run(model, [1, 5, 2, 9, 0, 3])).toEqual([5, 9]);
  });

  it('times the rows of an item do as well, and never reach into another item', async () => {
    const rows = [node('Flatten', 'x', 'flat', { axis: 2 }), node('Mul', 'items three', 'base'), node('Add', 'base shifted', 'at')]; // biome-ignore format: one list
    const of = (shift: number, factor = 3) => modelOf(['n', 3], [...arange, place, node('Add', 'place shift', 'shifted'), ...rows, node('Gather', 'flat at', 'y')], [zero, one, scalar('three', factor), scalar('shift', shift)]); // biome-ignore format: one model
    const x = [1, 5, 2, 9, 0, 3];
    expect(await run(of(0), x)).toEqual([5, 9]);
    expect(await run(of(1), x)).toEqual([2, 0]);
    expect(await run(of(2), x)).toEqual([Number.NaN, 3]);
    expect(await run(of(-1), x)).toEqual([1, Number.NaN]);
    await expect(run(of(0, 2), x)).rejects.toThrow('indices that count items by 2 into 3 rows each');
  });

  it('are 0 in a file for one item, and any number of items run all the same', async () => {
    const tuple = [node('Unsqueeze', 'place last', 'b'), node('Concat', 'none b', 't', { axis: -1 }), node('GatherND', 'x t', 'y')]; // biome-ignore format: one list
    const computed = modelOf([1, 3], [place, ...tuple], [last, shaped('none', [1, 1], 0)]);
    expect(await run(computed, [1, 5, 2, 9, 0, 3])).toEqual([5, 9]);
    const second = modelOf([1, 3], [place, ...tuple], [last, shaped('none', [1, 1], 1)]);
    expect(await run(second, [1, 5, 2])).toEqual([Number.NaN]);
    const known = modelOf([1, 3], [node('GatherND', 'x t', 'y')], [shaped('t', [1, 2, 2], 0, 2, -1, 0)]);
    expect(await run(known, [1, 5, 2, 9, 0, 3])).toEqual([2, 1, 3, 9]);
    const rows = modelOf([1, 3], [node('Flatten', 'x', 'f', { axis: 2 }), node('Gather', 'f t', 'g'), node('Squeeze', 'g last', 'y')], [last, shaped('t', [1, 2], 2, 0)]); // biome-ignore format: one model
    expect(await run(rows, [1, 5, 2, 9, 0, 3])).toEqual([2, 1, 3, 9]);
  });

  it('alone give each item itself', async () => {
    const tuple = [node('Unsqueeze', 'items last', 't'), node('GatherND', 'x t', 'y')];
    expect(await run(modelOf(['n', 2], [...arange, ...tuple], [zero, one, last]), [1, 2, 3, 4])).toEqual([1, 2, 3, 4]);
  });

  it.each([
    ['as a result', [node('Identity', 'items', 'y')], 'the number of an item in the batch as a result'],
    ['squared', [node('Mul', 'items items', 'y')], 'arithmetic with the numbers of the items'],
    ['as a number', [node('Cast', 'items', 'f', { to: 1 }), node('Unsqueeze', 'f last', 'g'), node('Add', 'x g', 'y')], 'the number of an item in the batch as a result'],
    ['as a row of a table', [node('Gather', 'table items', 'y')], 'the number of an item as an index into a table'],
    ['compared', [node('Equal', 'items zero', 'y')], 'arithmetic with the numbers of the items'],
  ])('%s are refused', async (_, nodes, reason) => {
    const model = modelOf(['n', 2], [...arange, ...nodes], [zero, one, last, floats('table', [4, 1], 1, 2, 3, 4)]);
    await expect(run(model, [1, 2])).rejects.toThrow(reason);
  }); // biome-ignore format: a table

  it('may be asked for their shape, whatever became of them', async () => {
    const nodes = [node('Max', 'items zero', 'm'), node('Shape', 'm', 'ms'), node('Expand', 'ones ms', 'e'), node('Unsqueeze', 'e last', 'u'), node('Add', 'x u', 'y')]; // biome-ignore format: one list
    expect(await run(modelOf(['n', 2], [...arange, ...nodes], [zero, one, last, floats('ones', [1], 1)]), [1, 2, 3, 4])).toEqual([2, 3, 4, 5]); // biome-ignore format: one call
  });

  it('begin tuples at which each item is written', async () => {
    const tuple = [node('Unsqueeze', 'items last', 'a'), node('Unsqueeze', 'place last', 'b'), node('Concat', 'a b', 't', { axis: -1 }), node('ReduceSum', 'x ones', 'sum', { keepdims: 0 })]; // biome-ignore format: one list
    const of = (attributes = {}) => modelOf(['n', 3], [...arange, place, ...tuple, node('ScatterND', 'x t sum', 'y', attributes)], [zero, one, last, integers('ones', 1)]); // biome-ignore format: one model
    expect(await run(of(), [1, 5, 2, 9, 0, 3])).toEqual([1, 8, 2, 12, 0, 3]);
    expect(await run(of({ reduction: 'add' }), [1, 5, 2, 9, 0, 3])).toEqual([1, 13, 2, 21, 0, 3]);
  });
});

describe('writing', () => {
  it('at tuples of the one item that a file is for', async () => {
    // The first two numbers to places 2 and 0.
    const tuples = { name: 'tuples', type: 7, shape: [1, 2, 2], integers: [0, 2, 0, 0] };
    const nodes = [node('Slice', 'x zero two one', 'u'), node('ScatterND', 'x tuples u', 'y')];
    const constants = [integers('zero', 0), integers('two', 2), integers('one', 1), tuples];
    expect(await run(modelOf([1, 3], nodes, constants), [1, 5, 2, 9, 0, 3])).toEqual([5, 5, 1, 0, 0, 9]);
    const ofOther = [...constants.slice(0, 3), { ...tuples, integers: [1, 2, 0, 0] }];
    await expect(run(modelOf([1, 3], nodes, ofOther), [1, 5, 2])).rejects.toThrow('indices into the batch');
  });

  const at = shaped('at', [1, 2], 1, -1);
  const twice = shaped('at', [1, 2], 1, 1);
  const nodes = (attributes: Record<string, number | string>, computed: boolean) => [
    node('Split', 'x', 'd u w', { axis: 1 }),
    node('Slice', 'u first two axis', 'updates'),
    node('Slice', 'w first two axis', 'c'),
    node('Cast', 'c', 'places', { to: 7 }),
    node('ScatterElements', `d ${computed ? 'places' : 'at'} updates`, 'y', { axis: 1, ...attributes }),
  ];
  const constants = [integers('first', 0), integers('two', 2), integers('axis', 1)];
  // Data, then two updates, then two places, in rows of three.
  const x = (places: readonly number[]) => [10, 20, 30, 3, 5, 0, ...places, 0];

  it.each([
    ['none', at, [10, 3, 5]],
    ['none', twice, [10, 5, 30]],
    ['add', twice, [10, 28, 30]],
    ['mul', twice, [10, 300, 30]],
    ['max', twice, [10, 20, 30]],
    ['min', twice, [10, 3, 30]],
  ])('reduction %s is the same at constant and computed places', async (reduction, places, expected) => {
    const numbers = places.integers!;
    expect(await run(modelOf(['n', 9], nodes({ reduction }, false), [...constants, places]), x(numbers))).toEqual(expected);
    expect(await run(modelOf(['n', 9], nodes({ reduction }, true), constants), x(numbers))).toEqual(expected);
  });

  it('a computed place that is none leaves no number of the item, others keep theirs', async () => {
    const model = modelOf(['n', 9], nodes({}, true), constants);
    const none = [Number.NaN, Number.NaN, Number.NaN];
    expect(await run(model, [...x([1, 3]), ...x([0, 1])])).toEqual([...none, 3, 5, 30]);
    expect(await run(model, x([-4, 0]))).toEqual(none);
  });

  it('ScatterND writes rows before a batch that was moved behind them', async () => {
    const moved = [node('Transpose', 'x', 't', { perm: [1, 0] }), node('Slice', 't first two axis0', 'u'), node('ScatterND', 't at u', 's'), node('Transpose', 's', 'y', { perm: [1, 0] })]; // biome-ignore format: one list
    const model = modelOf(['n', 3], moved, [integers('first', 0), integers('two', 2), integers('axis0', 0), shaped('at', [2, 1], 2, -2)]); // biome-ignore format: one model
    expect(await run(model, [1, 2, 3, 4, 5, 6])).toEqual([1, 2, 1, 4, 5, 4]);
  });
});

describe('integers', () => {
  it.each([
    ['Mul', [node('Mul', 'i i', 's')], [4095, 4096, -4097], [4095 ** 2, Number.NaN, Number.NaN]],
    ['Add', [node('Add', 'i i', 's')], [2 ** 23 - 1, 2 ** 23, -(2 ** 23)], [2 ** 24 - 2, Number.NaN, Number.NaN]],
    ['Sub', [node('Sub', 'i big', 's')], [2 ** 23, 2 ** 23 + 2, 0], [2 ** 23 - 2 ** 23 + 1, 3, 1 - 2 ** 23]],
    ['Sum', [node('Neg', 'i', 'm'), node('Sum', 'i i m', 's')], [2 ** 22, 2 ** 23, 5], [2 ** 22, Number.NaN, 5]],
    ['CumSum', [node('CumSum', 'i axis', 's')], [2 ** 23, 2 ** 23, -5], [2 ** 23, Number.NaN, Number.NaN]],
  ])('%s is exact, or not a number', async (_, nodes, x, expected) => {
    const constants = [scalar('axis', 1), scalar('big', 2 ** 23 - 1)];
    const model = modelOf(['n', 3], [whole, ...nodes, node('Cast', 's', 'y', { to: 1 })], constants);
    expect(await run(model, x)).toEqual(expected);
  });

  it('sums that come back into reach are not taken for exact', async () => {
    const model = modelOf(['n', 3], [whole, node('ReduceSum', 'i axis', 's'), node('Cast', 's', 'y', { to: 1 })], [integers('axis', 1)]); // biome-ignore format: one model
    expect(await run(model, [2 ** 24, 1, -5])).toEqual([Number.NaN]);
    expect(await run(model, [2 ** 23, 1, -5])).toEqual([2 ** 23 - 4]);
  });

  it('are summed along a dimension, cut to triangles and bounded', async () => {
    const nodes = [whole, node('CumSum', 'i axis', 's'), node('Trilu', 's', 't', { upper: 0 }), node('ReduceMax', 't axis', 'm', { keepdims: 0 }), node('Cast', 'm', 'y', { to: 1 })]; // biome-ignore format: one list
    expect(await run(modelOf(['n', 2, 2], nodes, [{ ...scalar('axis', 2) }], 18), [1, 2, 3, 4])).toEqual([1, 7]);
  });
});
