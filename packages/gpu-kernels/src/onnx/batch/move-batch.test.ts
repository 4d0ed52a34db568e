/** Networks that move the batch or merge it with other dimensions, on two items, with values worked out by hand. */
import { describe, expect, it } from 'vitest';
import { importOnnx } from '../import-onnx.ts';
import { floats, integers, modelOf, node, run } from '../test-models.ts';
import { reshaped, usual } from './layout.ts';

const turn = { perm: [1, 0, 2] };

describe('the batch in another place', () => {
  // Two tokens of two numbers an item.
  const items = [1, 2, 3, 4, 10, 20, 30, 40];

  it('is carried through arithmetic with constants, products and reductions', async () => {
    const nodes = [
      node('Transpose', 'x', 't', turn),
      node('Add', 't c', 'a'),
      node('MatMul', 'a w', 'm'),
      node('Transpose', 'm', 'y', turn),
    ];
    // Token 0 gets 100 more, token 1 gets 200 more; then first number minus second.
    const constants = [floats('c', [2, 1, 2], 100, 0, 200, 0), floats('w', [2, 1], 1, -1)];
    expect(await run(modelOf(['n', 2, 2], nodes, constants), items)).toEqual([99, 199, 90, 190]);
    const sum = [node('Transpose', 'x', 't', turn), node('ReduceSum', 't', 'y', { axes: [0], keepdims: 0 })];
    expect(await run(modelOf(['n', 2, 2], sum, [], 11), items)).toEqual([4, 6, 40, 60]);
  });

  it('is carried through splits, selections and dimensions of 1', async () => {
    const nodes = [
      node('Transpose', 'x', 't', turn),
      node('Split', 't', 'a b', { axis: 0 }),
      node('Gather', 't one', 'g', { axis: 0 }),
      node('Squeeze', 'a', 's', { axes: [0] }),
      node('Sub', 'g s', 'd'),
      node('Unsqueeze', 'd', 'u', { axes: [0] }),
      node('Transpose', 'u', 'y', turn),
    ];
    const one = { name: 'one', type: 7, shape: [], integers: [1] };
    expect(await run(modelOf(['n', 2, 2], nodes, [one], 11), items)).toEqual([2, 2, 20, 20]);
  });
});

it.each(['Gemm', 'MatMul'])(
  '%s of a file for one item has rows, whatever a reshape before it was taken to merge',
  async (op) => {
    // Rows before the batch, as attention over pixels has them: [2, 1, 2, 1] becomes [2, 2].
    const nodes = [
      node('Transpose', 'x', 't', { perm: [1, 0, 2, 3] }),
      node('Reshape', 't rows', 'r'),
      node(op, 'r w', 'g'),
      node('Reshape', 'g back', 'b'),
      node('Gather', 'b first', 'y', { axis: 0 }),
    ];
    const constants = [integers('rows', 2, 2), integers('back', 2, 1, 2), { ...integers('first', 0), shape: [] }, floats('w', [2, 2], 1, 10, 100, 1000)]; // biome-ignore format: one list
    expect(await run(modelOf([1, 2, 2, 1], nodes, constants), [1, 2, 3, 4, 5, 6, 7, 8])).toEqual([201, 2010, 605, 6050]);
  },
);

describe('values joined along the batch', () => {
  // Each picture of 2 × 1 and its negative go through one convolution together, as views of one picture do.
  const views = [
    node('Neg', 'x', 'n'),
    node('Concat', 'x n', 'all', { axis: 0 }),
    node('Conv', 'all w', 'c', { kernel_shape: [1, 1] }),
    node('Relu', 'c', 'r'),
  ];
  const constants = [floats('w', [1, 1, 1, 1], 2), integers('two', 2, -1, 2), integers('zero', 0)];

  it('are views of each item', async () => {
    const nodes = [...views, node('Reshape', 'r two', 'v'), node('ReduceMax', 'v', 'y', { axes: [0], keepdims: 0 })];
    expect(await run(modelOf(['n', 1, 2, 1], nodes, constants), [1, -3, -2, 5])).toEqual([2, 6, 4, 10]);
  });

  it('may come apart as rows with the batch behind them', async () => {
    const nodes = [...views, node('Reshape', 'r two', 'v'), node('Transpose', 'v', 'y', { perm: [1, 0, 2] })];
    expect(await run(modelOf(['n', 1, 2, 1], nodes, constants), [1, -3, -2, 5])).toEqual([2, 0, 0, 6, 0, 10, 4, 0]);
  });

  it('may come apart by slices of whole batches', async () => {
    const joined = [node('Neg', 'x', 'n'), node('Concat', 'x n', 'j', { axis: 0 }), node('Add', 'j c', 'a')];
    const cuts = [node('Slice', 'a zero size zero', 'f'), node('Slice', 'a size end zero', 'g'), node('Sub', 'f g', 'y')];
    const sizes = [node('Shape', 'x', 's'), node('Slice', 's zero one', 'size')];
    const given = [floats('c', [2], 1, 0), integers('zero', 0), integers('one', 1), integers('end', 2 ** 53 - 1)];
    expect(await run(modelOf(['n', 2], [...joined, ...sizes, ...cuts], given), [1, 2, 3, 4])).toEqual([2, 4, 6, 8]);
    const fixed = [...given, integers('size', 1)];
    expect(await run(modelOf([1, 2], [...joined, ...cuts], fixed), [1, 2])).toEqual([2, 4]);
    await expect(run(modelOf(['n', 2], [...joined, ...cuts], fixed), [1, 2])).rejects.toThrow('work along the batch');
  });

  it('may be results where the dimensions before the batch are 1', async () => {
    const nodes = [node('Transpose', 'x', 'y', { perm: [1, 0] })];
    expect(await run(modelOf(['n', 1], nodes), [1, 2, 3])).toEqual([1, 2, 3]);
  });
});

it('rows that constant tuples name keep the batch behind them', async () => {
  const nodes = [
    node('Transpose', 'x', 't', { perm: [1, 2, 0] }),
    node('GatherND', 't places', 'g'),
    node('Transpose', 'g', 'y', { perm: [1, 0] }),
  ];
  const places = { name: 'places', type: 7, shape: [3, 2], integers: [1, 0, 0, 1, -1, -1] };
  expect(await run(modelOf(['n', 2, 2], nodes, [places]), [1, 2, 3, 4, 10, 20, 30, 40])).toEqual([3, 2, 4, 30, 20, 40]);
});

describe('files for a fixed number of items', () => {
  /** Two tokens of two heads, whose product with a query of each head is taken as `MultiheadAttention` writes it. */
  const attention = (batch: number, query: readonly number[]): ReturnType<typeof modelOf> =>
    modelOf(
      [batch, 2, 2],
      [
        node('Transpose', 'x', 't', turn),
        node('Reshape', 't heads', 'h'),
        node('Transpose', 'h', 'k', turn),
        node('MatMul', 'q k', 'p'),
        node('Reshape', 'p back', 'y'),
      ],
      [integers('heads', 2, 2 * batch, 1), floats('q', [2 * batch, 1, 2], ...query), integers('back', batch, 2)],
    );
  const items = [1, 2, 3, 4, 10, 20, 30, 40];
  // Head 0 has the numbers 1 and 3, head 1 has 2 and 4.
  const [once, expected] = [
    [1, 10, 100, 1000],
    [31, 4200, 310, 42000],
  ];

  it('merge the heads behind the batch, and may hold what was computed for each of them', async () => {
    expect(await run(attention(1, once), items)).toEqual(expected);
    expect(await run(attention(2, [...once, ...once]), items)).toEqual(expected);
    await expect(run(attention(2, [...once, 1, 10, 100, 999]), items)).rejects.toThrow('a constant [4, 1, 2] that differs from item to item'); // biome-ignore format: one claim
  });

  it.each([node('Gather', 't first', 'y', { axis: 1 }), node('Squeeze', 't', 'y', { axes: [1] })])(
    'have the batch in another dimension of 1 where $op takes the first away',
    async (taken) => {
      const nodes = [node('Reshape', 'x ones', 'r'), node('Transpose', 'r', 't', turn), taken];
      const constants = [integers('ones', 1, 1, 2), { name: 'first', type: 7, shape: [], integers: [0] }];
      expect(await run(modelOf([1, 2], nodes, constants, 11), [1, 2, 10, 20])).toEqual([1, 2, 10, 20]);
    },
  );
});

describe('the batch merged with other dimensions', () => {
  const items = [1, 2, 3, 4, 10, 20, 30, 40];

  it('has rows for a Gemm, a softmax and a mean, and comes apart again', async () => {
    const nodes = [
      node('Reshape', 'x rows', 'r'),
      node('Gemm', 'r w b', 'g', { transB: 1 }),
      node('ReduceMean', 'g', 'm', { axes: [1], keepdims: 1 }),
      node('Reshape', 'm back', 'y'),
    ];
    // [batch · 2, 2]; outputs are a + 1 and b + 3, of which the mean is taken.
    const constants = [
      integers('rows', -1, 2),
      integers('back', -1, 2),
      floats('w', [2, 2], 1, 0, 0, 1),
      floats('b', [2], 1, 3),
    ];
    expect(await run(modelOf(['n', 4], nodes, constants), items)).toEqual([3.5, 5.5, 17, 37]);
  });

  it('as heads before it, by arithmetic with the number of items', async () => {
    const nodes = [
      node('Shape', 'x', 'shape'),
      node('Gather', 'shape zero', 'count'),
      node('Mul', 'count two', 'merged'),
      node('Concat', 'merged rest', 'target', { axis: 0 }),
      node('Reshape', 'x target', 'r'),
      node('Transpose', 'r', 't', turn),
      node('Reshape', 't flat', 'f'),
      node('Reshape', 'f apart', 'a'),
      node('Transpose', 'a', 'y', turn),
    ];
    // [batch · 2, 2, 1] → [2, batch · 2, 1] → [2 · batch · 2, 1] → [2, batch, 2] → [batch, 2, 2]: each item's matrix turned.
    const constants = [
      integers('zero', 0),
      integers('two', 2),
      integers('rest', 2, 1),
      integers('flat', -1, 1),
      integers('apart', 2, -1, 2),
    ];
    expect(await run(modelOf(['n', 2, 2], nodes, constants), items)).toEqual([1, 3, 2, 4, 10, 30, 20, 40]);
  });

  it('has rows that choose from a table by their smallest number', async () => {
    const nodes = [
      node('Reshape', 'x rows', 'r'),
      node('ArgMin', 'r', 'least', { axis: 1, keepdims: 0 }),
      node('Gather', 'table least', 'g'),
      node('Reshape', 'g back', 'y'),
    ];
    const constants = [integers('rows', -1, 2), integers('back', -1, 2), floats('table', [2, 1], 7, 9)];
    expect(await run(modelOf(['n', 4], nodes, constants), [1, 2, 4, 3, 5, 5, 8, 0])).toEqual([7, 9, 7, 9]);
  });

  it('is sliced only where all of it is taken', async () => {
    // Two rows of two numbers an item: the second of each row, of all rows.
    const model = (from: number, to: number) =>
      modelOf(['n', 4], [node('Reshape', 'x rows', 'r'), node('Slice', 'r all last axes', 's'), node('Slice', 's zero end first', 't'), node('Reshape', 't back', 'y')], [
        integers('rows', -1, 2), integers('back', -1, 2), integers('all', 0, 1), integers('last', 2 ** 40, 2), integers('axes', 0, 1),
        integers('zero', from), integers('end', to), integers('first', 0),
      ]); // biome-ignore format: one model
    expect(await run(model(0, 2 ** 31 - 1), [1, 2, 3, 4, 5, 6, 7, 8])).toEqual([2, 4, 6, 8]);
    expect(() => importOnnx(model(1, 2 ** 31 - 1))).toThrow('work along the batch');
    expect(() => importOnnx(model(0, 1))).toThrow('work along the batch');
  });

  it('has images that are sampled each at its own points', async () => {
    // Two images of two pixels an item, merged with the batch; one point each, in the middle of the pixel to the right or left.
    const sample = { mode: 'bilinear', padding_mode: 'border', align_corners: 0 };
    const grids = [node('Mul', 'x none', 'zeros'), node('Slice', 'zeros from to ax', 'z'), node('Add', 'z points', 'p'), node('Reshape', 'p grid', 'g')]; // biome-ignore format: a list
    const nodes = [
      ...grids,
      node('Reshape', 'x images', 'i'),
      node('GridSample', 'i g', 's', sample),
      node('Reshape', 's back', 'y'),
    ];
    const constants = [
      floats('none', [], 0), integers('from', 0), integers('to', 4), integers('ax', 1), floats('points', [1, 4], 0.5, 0, -0.5, 0), integers('grid', -1, 1, 1, 2),
      integers('images', -1, 1, 1, 2), integers('back', -1, 2),
    ]; // biome-ignore format: a table
    expect(await run(modelOf(['n', 4], nodes, constants), [1, 2, 3, 4, 5, 6, 7, 8])).toEqual([2, 3, 6, 7]);
  });

  it('is found where a file exported for one item spells everything out', () => {
    const fold = reshaped({ item: [8, 8, 3], layout: usual }, [4, 16, 3], 1);
    expect(fold).toEqual({ item: [4, 16, 3], layout: { axis: 0, before: 0, after: 1 } });
    expect(reshaped(fold!, [1, 4, 16, 3], 1)).toEqual({ item: [4, 16, 3], layout: usual });
    expect(reshaped({ item: [8, 3], layout: usual }, [7, 3], 1)).toBeUndefined();
  });
});

it('what would mix items, or give them in another order, is refused', () => {
  const refuses = (nodes: Parameters<typeof modelOf>[1], constants: Parameters<typeof modelOf>[2], why: string): void =>
    expect(() => importOnnx(modelOf(['n', 2, 2], nodes, constants, 11))).toThrow(
      expect.objectContaining({ code: 'OP_UNSUPPORTED', message: expect.stringContaining(why) }),
    );
  const moved = node('Transpose', 'x', 't', turn);
  refuses([node('Transpose', 'x', 'y', turn)], [], 'first dimension is not the batch');
  refuses([moved, node('Softmax', 't', 'y', { axis: 1 })], [], 'along the batch');
  refuses(
    [moved, node('Add', 't c', 'a'), node('Transpose', 'a', 'y', turn)],
    [floats('c', [3, 1], 1, 2, 3)],
    'differs from item to item',
  );
  refuses([moved, node('Add', 't x', 'y')], [], 'different places');
  refuses([moved, node('LRN', 't', 'y', { size: 1 })], [], 'the op where the batch is not the first dimension');
});
