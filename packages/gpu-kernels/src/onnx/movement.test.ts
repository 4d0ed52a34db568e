/** Ops that move numbers, as exporters write them. Expected values are worked out by hand. */
import { describe, expect, it } from 'vitest';
import { floats, integers, modelOf, node, run } from './test-models.ts';

describe('ops that move numbers', () => {
  it('Concat joins a class token, expanded to an open batch, with the patches of each item', async () => {
    const nodes = [
      node('Shape', 'x', 's'),
      node('Gather', 's zero', 'b', { axis: 0 }),
      node('Concat', 'b rest', 'target', { axis: 0 }),
      node('Expand', 'token target', 'tokens'),
      node('Concat', 'tokens x', 'y', { axis: 1 }),
    ];
    const constants = [integers('zero', 0), integers('rest', -1, 2), floats('token', [1, 1, 2], 8, 9)];
    expect(await run(modelOf(['batch', 2, 2], nodes, constants), [1, 2, 3, 4, 5, 6, 7, 0])).toEqual([
      8, 9, 1, 2, 3, 4, 8, 9, 5, 6, 7, 0,
    ]);
  });

  it('Expand of a constant that a file for one item holds for all of its rows already, as the first state of a recurrence', async () => {
    const nodes = [
      node('Reshape', 'x rows', 'r'),
      node('Shape', 'r', 's'),
      node('Gather', 's zero', 'count', { axis: 0 }),
      node('Concat', 'one count two', 'target', { axis: 0 }),
      node('Expand', 'state target', 'states'),
      node('Squeeze', 'states zero', 'e'),
      node('Add', 'r e', 'a'),
      node('Reshape', 'a back', 'y'),
    ];
    const of = (...state: number[]): ReturnType<typeof modelOf> =>
      modelOf([1, 2, 2], nodes, [
        integers('rows', -1, 2), integers('zero', 0), integers('one', 1), integers('two', 2), integers('back', -1, 2, 2),
        floats('state', [1, 2, 2], ...state),
      ]); // biome-ignore format: a table
    expect(await run(of(7, 8, 7, 8), [1, 2, 3, 4, 5, 6, 7, 0])).toEqual([8, 10, 10, 12, 12, 14, 14, 8]);
    await expect(run(of(7, 8, 7, 9), [1, 2, 3, 4])).rejects.toThrow('(Expand)');
  });

  it('Concat joins channels', async () => {
    const nodes = [node('Concat', 'x x', 'y', { axis: 1 })];
    expect(await run(modelOf(['batch', 2, 1, 2], nodes), [1, 2, 3, 4])).toEqual([1, 2, 3, 4, 1, 2, 3, 4]);
  });

  it('Slice takes steps, backwards too, and all of the batch', async () => {
    const bounds = [integers('from', 0, -1, 0), integers('to', 2 ** 53 - 1, -9, 3), integers('axes', 0, 1, -1), integers('by', 1, -2, 2)]; // biome-ignore format: one list
    const model = modelOf(['batch', 3, 3], [node('Slice', 'x from to axes by', 'y')], bounds);
    expect(await run(model, [0, 1, 2, 3, 4, 5, 6, 7, 8])).toEqual([6, 8, 0, 2]);
  });

  it('a Slice of a Slice reads the first input', async () => {
    const nodes = [node('Slice', 'x one nine axis two', 's'), node('Slice', 's one nine axis two', 'y')];
    const constants = [integers('one', 1), integers('nine', 9), integers('axis', 1), integers('two', 2)];
    expect(await run(modelOf(['batch', 9], nodes, constants), [0, 1, 2, 3, 4, 5, 6, 7, 8])).toEqual([3, 7]);
  });

  it('parts that hold nothing are left out of a Concat, and of nothing else', async () => {
    const sizes = [integers('sizes', 0, 3), integers('none', 1, 0, 2), integers('one', 0, 1, 2), integers('axes', 1)];
    const x = [1, 2, 3, 4, 5, 6];
    const of = (last: number, ...nodes: ReturnType<typeof node>[]) =>
      modelOf(['n', ...(last === 3 ? [3] : [1, last])], nodes, sizes);
    const split = node('Split', 'x sizes', 'a b', { axis: 1 });
    expect(await run(of(3, split, node('Concat', 'a b', 'y', { axis: 1 })), x)).toEqual(x);
    const expand = node('Expand', 'x none', 'e');
    expect(await run(of(2, expand, node('Concat', 'e x', 'y', { axis: 1 })), x)).toEqual(x);
    await expect(run(of(2, expand, node('Reshape', 'e one', 'y')), x)).rejects.toThrow('[n, 0, 2] cannot become [n, 1, 2]');
    await expect(run(of(2, expand, node('ReduceSum', 'e axes', 'y')), x)).rejects.toThrow('holds nothing');
  });

  it('1 beside 0 is 0', async () => {
    const nothing = { ...floats('c', [0]), shape: [0] };
    const add = modelOf(['n', 1], [node('Add', 'x c', 'y')], [nothing]);
    await expect(run(add, [1])).rejects.toThrow('shape [0] without batch; sizes are positive');
  });

  it('Split gives parts of the sizes asked for', async () => {
    const nodes = [node('Split', 'x sizes', 'a b', { axis: 2 }), node('Concat', 'b a', 'y', { axis: -1 })];
    expect(await run(modelOf(['batch', 2, 3], nodes, [integers('sizes', 1, 2)]), [1, 2, 3, 4, 5, 6])).toEqual([
      2, 3, 1, 5, 6, 4,
    ]);
  });

  it('Tile repeats whole dimensions', async () => {
    const model = modelOf(['batch', 2, 2], [node('Tile', 'x by', 'y')], [integers('by', 1, 2, 1)]);
    expect(await run(model, [1, 2, 3, 4])).toEqual([1, 2, 3, 4, 1, 2, 3, 4]);
  });

  it('Gather looks computed indices up in a table, counting negative ones from the end', async () => {
    const model = modelOf(['batch', 3], [node('Gather', 'table x', 'y', { axis: 0 })], [floats('table', [3, 2], 1, 2, 3, 4, 5, 6)]); // biome-ignore format: one model
    expect(await run(model, [0, 2, -2])).toEqual([1, 2, 5, 6, 3, 4]);
  });

  it('Gather takes constant indices in any order, and drops the dimension for a single one', async () => {
    const scalar = { ...integers('one', 1), shape: [] };
    const nodes = [node('Gather', 'x order', 'g', { axis: 2 }), node('Gather', 'g one', 'y', { axis: 1 })];
    const model = modelOf(['batch', 2, 3], nodes, [integers('order', 2, 0, 1), scalar]);
    expect(await run(model, [1, 2, 3, 4, 5, 6])).toEqual([6, 4, 5]);
  });

  it('Where chooses without arithmetic, so that an infinity stays out of the other side', async () => {
    const constants = [floats('mask', [1, 3], 1, 0, 1), floats('low', [], -Infinity)];
    expect(await run(modelOf(['batch', 3], [node('Where', 'mask x low', 'y')], constants), [1, 2, 3])).toEqual([1, -Infinity, 3]); // biome-ignore format: one expression
  });

  it.each([
    ['Slice', 'x one nine zero', 'a slice of the batch'],
    ['Split', 'x', 'a split of the batch'],
    ['Gather', 'x one', 'gathering items of the batch'],
    ['Concat', 'x ones', 'joining items of the batch'],
    ['Concat', 'x x', 'first dimension is not the batch'],
    ['Tile', 'x pair', 'repeating items of the batch'],
  ])('%s across items is refused', async (op, inputs, reason) => {
    const ones = floats('ones', [1, 9], ...new Array<number>(9).fill(1));
    const constants = [integers('one', 1), integers('nine', 9), integers('zero', 0), integers('pair', 2, 1), ones];
    const attributes = op === 'Concat' ? { axis: 0 } : {};
    const model = modelOf(['batch', 9], [node(op, inputs, 'g', attributes), node('Neg', 'g', 'y')], constants);
    await expect(run(model, new Array<number>(9).fill(1))).rejects.toThrow(reason);
  });
});
