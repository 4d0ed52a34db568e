/** Places of the largest numbers, Fold, deformed windows, regions and ratios of Resize. Expected values are worked out by hand. */
import { describe, expect, it } from 'vitest';
import { importOnnx } from './import-onnx.ts';
import type { OnnxModel, OnnxTensor } from './onnx-model.ts';
import { floats, integers, modelOf, node, run } from './test-models.ts';

type Attributes = Parameters<typeof node>[3];
const refuses = (model: OnnxModel, why: string, code = 'OP_UNSUPPORTED'): void =>
  expect(() => importOnnx(model)).toThrow(expect.objectContaining({ code, message: expect.stringContaining(why) }));

describe('MaxPool with places', () => {
  const image = [9, 1, 2, 3, 3, 5, 5, 0, 1];
  const places = (attributes: Attributes, shape: (number | string)[] = [1, 1, 3, 3]) =>
    modelOf(shape, [{ ...node('MaxPool', 'x', 'p', attributes), outputs: ['p', 'i'] }, node('Cast', 'i', 'y', { to: 1 })]);
  const graph = { items: 'graph' } as const;

  it('tells the first of equal numbers, by row or by column', async () => {
    expect(await run(places({ kernel_shape: [2, 2] }), image, graph)).toEqual([0, 5, 6, 5]);
    expect(await run(places({ kernel_shape: [2, 2], storage_order: 1 }), image, graph)).toEqual([0, 7, 2, 7]);
    // Padding never wins, not even over negative numbers.
    const padded = places({ kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] }, [1, 1, 3, 3]);
    expect(await run(padded, [-9, -8, -7, -6, -5, -4, -3, -2, -1], graph)).toEqual([4, 5, 7, 8]);
  });

  it('counts on over channels, and within the item where items are told apart again', async () => {
    const two = [node('Relu', 'x', 'r'), { ...node('MaxPool', 'r', 'p', { kernel_shape: [1, 2] }), outputs: ['p', 'i'] }];
    const first = { ...node('MaxPool', 'r', 'q', { kernel_shape: [1, 1] }), outputs: ['q', 'j'] };
    // As exporters write torch's places: less the place of the first number of each channel.
    const slice = node('Slice', 'j zero one three', 's');
    const model = modelOf(['n', 2, 1, 2], [...two, first, slice, node('Sub', 'i s', 'd'), node('Cast', 'd', 'y', { to: 1 })], [integers('zero', 0), integers('one', 1), integers('three', 3)]); // biome-ignore format: one model
    expect(await run(model, [1, 2, 4, 3, 8, 7, 5, 6])).toEqual([1, 0, 0, 1]);
    refuses(places({ kernel_shape: [2, 2] }, ['n', 1, 3, 3]), 'the number of an item in the batch as a result');
  });

  it('is refused for windows that would be too many steps, and forms without one', () => {
    refuses(places({ kernel_shape: [9, 9] }, ['n', 1, 9, 9]), 'at most 64');
    refuses(places({ kernel_shape: [2, 2], ceil_mode: 1 }, ['n', 1, 3, 3]), 'ceil_mode');
    refuses(places({ kernel_shape: [2, 2, 2] }, ['n', 1, 3, 3, 3]), 'other values than images');
  });

  it('MaxUnpool puts numbers back, and gives NaN for a place outside its window', async () => {
    const unpool = (shape: number[] = [1, 1, 1, 2], attributes: Attributes = { kernel_shape: [1, 2], strides: [1, 2] }, more = '', constants: OnnxTensor[] = []): OnnxModel => ({
      ...modelOf(shape, [node('Cast', 'x', 'i', { to: 7 }), node('MaxUnpool', `x i${more}`, 'y', attributes)], constants),
    }); // biome-ignore format: one model
    // Numbers that are their own places.
    expect(await run(unpool(), [1, 2])).toEqual([0, 1, 2, 0]);
    expect((await run(unpool(), [2, 1])).every(Number.isNaN)).toBe(true);
    expect(await run(unpool([1, 1, 1, 2], undefined, ' s', [integers('s', 1, 1, 2, 5)]), [1, 2])).toEqual([0, 1, 2, 0, 0, 0, 0, 0, 0, 0]); // biome-ignore format: one line
    refuses(unpool([1, 1, 1, 2], { kernel_shape: [1, 3], strides: [1, 2] }), 'windows that meet');
    refuses(unpool([1, 1, 1, 2], undefined, ' s', [integers('s', 1, 1, 1, 3)]), 'an output of 1x1x3', 'GRAPH_INVALID');
  });
});

describe('Col2Im', () => {
  const fold = (columns: number[], image: number[], kernel: number[], attributes: Attributes = {}) =>
    modelOf(
      ['n', ...columns],
      [node('Col2Im', 'x i k', 'y', attributes)],
      [integers('i', ...image), integers('k', ...kernel)],
    );

  it('adds up windows that meet, and lays out those that do not', async () => {
    // Taps 1 and 10 of three windows along a row of four.
    expect(await run(fold([2, 3], [1, 4], [1, 2]), [1, 2, 3, 10, 20, 30])).toEqual([1, 12, 23, 30]);
    expect(await run(fold([2, 2], [1, 4], [1, 2], { strides: [1, 2] }), [1, 2, 10, 20])).toEqual([1, 10, 2, 20]);
  });

  it('with pads cuts, and leaves zeros where no window is', async () => {
    expect(await run(fold([2, 3], [1, 2], [1, 2], { pads: [0, 1, 0, 1] }), [1, 2, 3, 10, 20, 30])).toEqual([12, 23]);
    expect(await run(fold([2, 1], [1, 3], [1, 2], { strides: [1, 2] }), [1, 10])).toEqual([1, 10, 0]);
  });

  it('is refused where columns and windows differ', () => {
    refuses(fold([2, 4], [1, 4], [1, 2]), 'do not fit 1x3 windows', 'GRAPH_INVALID');
    refuses(fold([3, 3], [1, 4], [1, 2]), 'do not fit', 'GRAPH_INVALID');
    refuses(fold([2, 3], [1, 4], [1, 2], { strides: [0, 1] }), 'must be positive', 'GRAPH_INVALID');
    refuses(fold([2, 3], [1, 1, 1, 4], [1, 1, 1, 2]), 'an image of 4 dimensions');
  });
});

describe('DeformConv', () => {
  const deform = (offsets: number[], constants: OnnxTensor[] = [], inputs = 'x w o', attributes: Attributes = {}): OnnxModel =>
    modelOf(['n', 1, 1, 4], [node('DeformConv', inputs, 'y', attributes)], [floats('w', [1, 1, 1, 2], 1, 10), floats('o', [1, 4, 1, 3], ...offsets), ...constants]); // biome-ignore format: one model
  const none = new Array<number>(12).fill(0);

  it('moves taps by their offsets, half outside counting half', async () => {
    const rounded = async (model: OnnxModel) =>
      (await run(model, [1, 2, 3, 4])).map((value) => Math.round(value * 1e4) / 1e4);
    expect(await rounded(deform(none))).toEqual([21, 32, 43]);
    // The first tap half a pixel to the right; the second half a pixel up, out of the image.
    expect(await rounded(deform([0, 0, 0, 0.5, 0.5, 0.5, -0.5, -0.5, -0.5, 0, 0, 0]))).toEqual([11.5, 17.5, 23.5]);
    const masked = deform(none, [floats('m', [1, 2, 1, 3], 1, 1, 1, 0, 0, 0.5), floats('b', [1], 100)], 'x w o b m');
    expect(await rounded(masked)).toEqual([101, 102, 123]);
  });

  it('is refused where shapes do not fit', () => {
    refuses(deform(none, [], 'x w o', { strides: [1, 2] }), 'are expected', 'GRAPH_INVALID');
    refuses(deform(none, [], 'x w o', { offset_group: 2 }), 'are expected', 'GRAPH_INVALID');
    refuses(deform(none, [], 'x w o', { dilations: [1, 4] }), 'does not fit into 1x4', 'GRAPH_INVALID');
  });
});

describe('Resize', () => {
  const resize = (attributes: Attributes, inputs: string, constants: OnnxTensor[], width = 4, opset = 18) =>
    modelOf(['n', 1, 2, width], [node('Resize', inputs, 'y', { axes: [2, 3], ...attributes })], constants, opset);

  it('keeps the ratio, not larger or not smaller than asked for', async () => {
    // 3/2 and 8/4: 1.5 gives 3 x 6, 2 gives 4 x 8.
    expect((await run(resize({ keep_aspect_ratio_policy: 'not_larger' }, 'x _ _ s', [integers('s', 3, 8)]), [1, 2, 3, 4, 5, 6, 7, 8])).length).toBe(18); // biome-ignore format: one line
    expect((await run(resize({ keep_aspect_ratio_policy: 'not_smaller' }, 'x _ _ s', [integers('s', 3, 8)]), [1, 2, 3, 4, 5, 6, 7, 8])).length).toBe(32); // biome-ignore format: one line
    refuses(
      resize({ keep_aspect_ratio_policy: 'crop' }, 'x _ _ s', [integers('s', 3, 8)]),
      '"crop" is none',
      'GRAPH_INVALID',
    );
  });

  it('reads a region, with a value of its own outside the image', async () => {
    const crop = (region: number[], attributes: Attributes = {}) => resize({ mode: 'linear', coordinate_transformation_mode: 'tf_crop_and_resize', ...attributes }, 'x r _ s', [floats('r', [region.length], ...region), integers('s', 1, 3)], 3); // biome-ignore format: one model
    expect(await run(crop([0, 0, 0, 1]), [1, 2, 3, 4, 5, 6])).toEqual([1, 2, 3]);
    // Its middle row, from the middle column to as far again beyond the last.
    expect(await run(crop([0.5, 0.5, 0.5, 1.5], { extrapolation_value: 9 }), [1, 2, 3, 4, 5, 6])).toEqual([3.5, 4.5, 9]);
    refuses(crop([0, 0, 1]), 'region of interest must have 4 entries', 'GRAPH_INVALID');
  });
});
