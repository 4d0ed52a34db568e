/** Ops that are a few of the planner's, truth and whole numbers. Expected values are worked out by hand. */
import { describe, expect, it } from 'vitest';
import { importOnnx } from './import-onnx.ts';
import { floats, integers, modelOf, node, run } from './test-models.ts';

describe('ops as a few of the planner’s', () => {
  it('DepthToSpace lays channels out as pixels, in both orders', async () => {
    const of = (mode: string) => modelOf(['n', 8, 1, 1], [node('DepthToSpace', 'x', 'y', { blocksize: 2, mode })]);
    const channels = [0, 1, 2, 3, 4, 5, 6, 7];
    expect(await run(of('DCR'), channels)).toEqual([0, 2, 4, 6, 1, 3, 5, 7]);
    expect(await run(of('CRD'), channels)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  });

  it('SpaceToDepth lays pixels out as channels', async () => {
    const model = modelOf(['n', 1, 2, 4], [node('SpaceToDepth', 'x', 'y', { blocksize: 2 })]);
    expect(await run(model, [0, 1, 2, 3, 4, 5, 6, 7])).toEqual([0, 2, 1, 3, 4, 6, 5, 7]);
  });

  it('CumSum along any dimension, from the end, and without the number itself', async () => {
    const of = (attributes: Record<string, number>, axis: number) => modelOf(['n', 2, 3], [node('CumSum', 'x axis', 'y', attributes)], [integers('axis', axis)]); // biome-ignore format: one model
    expect(await run(of({}, 2), [1, 2, 3, 4, 5, 6])).toEqual([1, 3, 6, 4, 9, 15]);
    expect(await run(of({}, 1), [1, 2, 3, 4, 5, 6])).toEqual([1, 2, 3, 5, 7, 9]);
    expect(await run(of({ reverse: 1, exclusive: 1 }, -1), [1, 2, 3, 4, 5, 6])).toEqual([5, 3, 0, 11, 6, 0]);
  });

  it('CumSum gives infinity and NaN to the sums that hold them, and over more numbers than a product could have', async () => {
    const of = (length: number, attributes: Record<string, number> = {}) => modelOf(['n', length], [node('CumSum', 'x axis', 'y', attributes)], [integers('axis', 1)]); // biome-ignore format: one model
    expect(await run(of(5), [1, 2, Infinity, 4, -Infinity])).toEqual([1, 3, Infinity, Infinity, Number.NaN]);
    expect(await run(of(5, { exclusive: 1 }), [1, 2, Number.NaN, 4, 5])).toEqual([0, 1, 3, Number.NaN, Number.NaN]);
    expect(await run(of(4, { reverse: 1 }), [1, -Infinity, 4, 5])).toEqual([-Infinity, -Infinity, 9, 5]);
    const many = await run(of(5000), new Array<number>(5000).fill(1));
    expect(many.every((sum, at) => sum === at + 1)).toBe(true);
  });

  it('Det takes the row of the largest number first, and is 0 where there is none', async () => {
    const of = (size: number) => modelOf(['n', size, size], [node('Det', 'x', 'y')]);
    expect(await run(of(1), [-3, 5])).toEqual([-3, 5]);
    expect(await run(of(2), [0, 2, 3, 4, 1e-8, 1, 1, 1])).toEqual([-6, -1]);
    expect(await run(of(3), [0, 0, 2, 0, 3, 1, 4, 1, 1, 0, 1, 2, 0, 3, 4, 0, 5, 6])).toEqual([-24, -0]);
    expect(() => importOnnx(modelOf(['n', 17, 17], [node('Det', 'x', 'y')]))).toThrow('matrices [n, 17, 17], only square ones of up to 16 rows'); // biome-ignore format: one call
    expect(() => importOnnx(modelOf(['n', 2], [node('Det', 'x', 'y')]))).toThrow('matrices [n, 2], only square ones');
    expect(() => importOnnx(modelOf(['n', 2, 3], [node('Det', 'x', 'y')]))).toThrow('matrices [n, 2, 3], only square ones');
  });

  it('Trilu keeps a triangle', async () => {
    const model = modelOf(['n', 2, 3], [node('Trilu', 'x k', 'y', { upper: 0 })], [{ ...integers('k', -1), shape: [] }]);
    expect(await run(model, [1, 2, 3, 4, 5, 6])).toEqual([0, 0, 0, 4, 0, 0]);
  });

  it('Trilu of constants is computed at import, as causal masks want it', async () => {
    const ones = floats('ones', [1, 3, 3], 1, 1, 1, 1, 1, 1, 1, 1, 1);
    const masked = (attributes: Record<string, number>, k: string) => modelOf(['n', 3, 3], [node('Trilu', `ones ${k}`, 'mask', attributes), node('Mul', 'x mask', 'y')], [ones, { ...integers('k', 1), shape: [] }]); // biome-ignore format: one model
    const x = [1, 2, 3, 4, 5, 6, 7, 8, 9];
    expect(await run(masked({ upper: 0 }, '_'), x)).toEqual([1, 0, 0, 4, 5, 0, 7, 8, 9]);
    expect(await run(masked({ upper: 0 }, 'k'), x)).toEqual([1, 2, 0, 4, 5, 6, 7, 8, 9]);
    expect(await run(masked({}, 'k'), x)).toEqual([0, 2, 3, 0, 0, 6, 0, 0, 0]);
  });

  it('Softmax over a dimension inside, and LogSoftmax of logits that overflow', async () => {
    const inside = modelOf(['n', 2, 2, 1, 1], [node('Softmax', 'x', 'y', { axis: 1 })]);
    expect(await run(inside, [3, 7, 3, 7])).toEqual([0.5, 0.5, 0.5, 0.5]);
    const [first, second] = await run(modelOf(['n', 2], [node('LogSoftmax', 'x', 'y')]), [1000, 1000]);
    expect(first).toBeCloseTo(-Math.LN2, 6);
    expect(second).toBeCloseTo(-Math.LN2, 6);
  });

  it('MatMul repeats matrices, of values and of constants', async () => {
    const nodes = [node('MatMul', 'heads x', 'h'), node('MatMul', 'h pair', 'y')];
    const constants = [floats('heads', [1, 2, 1, 2], 1, 0, 0, 1), floats('pair', [2, 1], 10, 1)];
    expect(await run(modelOf(['n', 1, 2, 2], nodes, constants), [1, 2, 3, 4])).toEqual([12, 34]);
  });

  it('products with one matrix stay apart where one of them is scaled', async () => {
    const nodes = [node('MatMul', 'x w', 'a'), node('Mul', 'a factor', 'b'), node('MatMul', 'x w', 'c'), node('Add', 'b c', 'y')]; // biome-ignore format: one list
    const constants = [floats('w', [2, 2], 1, 0, 0, 1), floats('factor', [2], 10, 100)];
    expect(await run(modelOf(['n', 1, 2], nodes, constants), [1, 2])).toEqual([11, 202]);
  });

  it('the largest, the smallest, the product', async () => {
    const of = (op: string) => modelOf(['n', 3], [node(op, 'x', 'y', { axes: [1], keepdims: 0 })]);
    expect(await run(of('ReduceMax'), [-3, -1, -2])).toEqual([-1]);
    expect(await run(of('ReduceMin'), [-3, -1, -2])).toEqual([-3]);
    expect(await run(of('ReduceProd'), [-3, -1, -2])).toEqual([-6]);
  });
});

describe('truth and whole numbers', () => {
  it('comparisons give 1 and 0, which Where, Cast and logic read', async () => {
    const nodes = [
      node('Greater', 'x one', 'g'),
      node('LessOrEqual', 'x one', 'l'),
      node('Xor', 'g l', 'both'),
      node('And', 'both g', 'a'),
      node('Cast', 'a', 'f', { to: 1 }),
      node('Where', 'a x f', 'y'),
    ];
    expect(await run(modelOf(['n', 3], nodes, [floats('one', [], 1)]), [0, 1, 2])).toEqual([0, 0, 2]);
  });

  it('a Cast to integers drops the fraction, integers divide toward 0, Mod has the sign of the divisor', async () => {
    const nodes = [
      node('Cast', 'x', 'i', { to: 7 }),
      node('Div', 'i three', 'd'),
      node('Mod', 'i three', 'm'),
      node('Concat', 'i d m', 'c', { axis: 1 }),
      node('Cast', 'c', 'y', { to: 1 }),
    ];
    expect(await run(modelOf(['n', 2], nodes, [integers('three', 3)]), [7.9, -7.9])).toEqual([7, -7, 2, -2, 1, 2]);
  });

  it.each([
    ['Cast', { to: 12 }, 'a conversion of float numbers to element type uint32 (12)'],
    ['Cast', { to: 13 }, 'a conversion of float numbers to element type uint64 (13)'],
  ])('%s %j is refused', async (op, attributes, reason) => {
    await expect(run(modelOf(['n', 2], [node(op, 'x', 'y', attributes)]), [1, 2])).rejects.toThrow(reason);
  });
});
