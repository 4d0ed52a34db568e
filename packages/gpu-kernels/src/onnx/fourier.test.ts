/** Fourier transforms, windows and mel bands. Expected values are worked out by hand. */
import { describe, expect, it } from 'vitest';
import { importOnnx } from './import-onnx.ts';
import type { OnnxModel, OnnxTensor } from './onnx-model.ts';
import { floats, integers, modelOf, node, run } from './test-models.ts';

const scalar = (name: string, value: number): OnnxTensor => ({ ...integers(name, value), shape: [] });
const refuses = (model: OnnxModel, code: string, why: string): void =>
  expect(() => importOnnx(model)).toThrow(expect.objectContaining({ code, message: expect.stringContaining(why) }));

describe('DFT', () => {
  const dft = (shape: (number | string)[], attributes: Record<string, number>, constants: OnnxTensor[] = [], opset = 17) =>
    modelOf(shape, [node('DFT', ['x', constants[0]?.name ?? '_', constants[1]?.name ?? '_'].join(' '), 'y', attributes)], constants, opset); // biome-ignore format: one model
  const spectrum = [10, 0, -2, 2, -2, 0, -2, -2];

  it('of real and complex numbers, with exact quarter turns', async () => {
    expect(await run(dft(['n', 4, 1], {}), [1, 2, 3, 4])).toEqual(spectrum);
    expect(await run(dft(['n', 4, 1], { onesided: 1 }), [1, 2, 3, 4])).toEqual([10, 0, -2, 2, -2, 0]);
    // i · x turns every bin by a quarter.
    expect(await run(dft(['n', 4, 2], {}), [0, 1, 0, 2, 0, 3, 0, 4])).toEqual([0, 10, -2, -2, 0, -2, 2, -2]);
  });

  it('and back, from the whole spectrum and, as irfft, from half of it', async () => {
    expect(await run(dft(['n', 4, 2], { inverse: 1 }), spectrum)).toEqual([1, 0, 2, 0, 3, 0, 4, 0]);
    expect(await run(dft(['n', 3, 2], { inverse: 1, onesided: 1 }), [10, 0, -2, 2, -2, 0])).toEqual([1, 2, 3, 4]);
    // What the first and the middle bin hold as imaginary part counts nothing.
    expect(await run(dft(['n', 3, 2], { inverse: 1, onesided: 1 }), [10, 7, -2, 2, -2, 7])).toEqual([1, 2, 3, 4]);
  });

  it('of another length is followed by zeros, or cut', async () => {
    const of = (length: number) => dft(['n', 4, 1], {}, [scalar('l', length)]);
    expect(await run(of(2), [1, 2, 100, 100])).toEqual([3, 0, -1, 0]);
    expect(await run(dft(['n', 2, 1], {}, [scalar('l', 4)]), [1, 2])).toEqual([3, 0, 1, -2, -1, 0, 1, 2]);
  });

  it('along any dimension, an input since opset 20', async () => {
    const along = (axis: number) => dft(['n', 2, 2, 1], {}, [scalar('l', 2), scalar('a', axis)], 20);
    expect(await run(along(1), [1, 2, 3, 4])).toEqual([4, 0, 6, 0, -2, 0, -2, 0]);
    expect(await run(along(-2), [1, 2, 3, 4])).toEqual([3, 0, -1, 0, 7, 0, -1, 0]);
  });

  it('is refused where it is none, over the batch, and where it is too long', () => {
    refuses(dft(['n', 4, 3], {}), 'GRAPH_INVALID', 'must be 1 (real) or 2 (complex)');
    refuses(dft(['n', 4, 2], { onesided: 1 }), 'GRAPH_INVALID', 'onesided takes real numbers');
    refuses(dft(['n', 4, 1], { axis: 2 }), 'GRAPH_INVALID', 'is no axis');
    refuses(dft(['n', 4, 1], {}, [scalar('l', 0)]), 'GRAPH_INVALID', 'dft_length 0 is no length');
    refuses(dft(['n', 4, 1], {}, [integers('l', 1, 2)]), 'GRAPH_INVALID', 'must hold one number');
    refuses(dft(['n', 4, 1], { axis: 0 }), 'OP_UNSUPPORTED', 'a transform over the batch');
    refuses(dft(['n', 2049, 2], {}), 'OP_UNSUPPORTED', 'at most 2048');
    refuses(dft(['n', 4, 1], {}, [scalar('l', 2 ** 40)]), 'OP_UNSUPPORTED', 'at most 2048');
  });
});

describe('STFT', () => {
  const stft = (constants: OnnxTensor[], window = '_', attributes: Record<string, number> = {}, shape: (number | string)[] = ['n', 6, 1]) =>
    modelOf(shape, [node('STFT', `x step ${window} length`, 'y', attributes)], constants); // biome-ignore format: signature
  const of = (step: number, length: number) => [scalar('step', step), scalar('length', length)];

  it('transforms frames, each times the window', async () => {
    const signal = [1, 2, 3, 4, 5, 6];
    expect(await run(stft(of(2, 4)), signal)).toEqual([10, 0, -2, 2, -2, 0, 18, 0, -2, 2, -2, 0]);
    const window = floats('w', [4], 0, 1, 0, 0);
    // The second number of each frame alone: 2 and 4, turned by −k quarters.
    const expected = [2, 0, 0, -2, -2, 0, 0, 2, 4, 0, 0, -4, -4, 0, 0, 4];
    expect(await run(stft([...of(2, 4), window], 'w', { onesided: 0 }), signal)).toEqual(expected);
    expect(await run(stft([...of(2, 4), window], 'w', { onesided: 0 }, ['n', 6]), signal)).toEqual(expected);
  });

  it('is refused where frames do not fit', () => {
    refuses(stft(of(2, 7)), 'GRAPH_INVALID', 'do not fit into a signal of 6');
    refuses(stft(of(0, 4)), 'GRAPH_INVALID', 'frame_step 0');
    refuses(stft([...of(1, 4), floats('w', [3], 1, 1, 1)], 'w'), 'GRAPH_INVALID', 'a window of 3 numbers for frames of 4');
    refuses(stft(of(1, 2), '_', {}, ['n', 6, 2]), 'GRAPH_INVALID', 'onesided takes real numbers');
    refuses(stft(of(1, 2 ** 13), '_', {}, ['n', 2 ** 20, 1]), 'GRAPH_INVALID', 'would be computed at import');
  });
});

describe('constants of signals', () => {
  const times = (one: ReturnType<typeof node>, constants: OnnxTensor[], size: number) =>
    modelOf(['n', size], [one, node('Mul', 'x w', 'y')], constants);

  it('windows, periodic and symmetric', async () => {
    const hann = (attributes: Record<string, number>, size: number) =>
      run(times(node('HannWindow', 's', 'w', attributes), [scalar('s', size)], size), new Array<number>(size).fill(1));
    expect(await hann({}, 4)).toEqual([0, 0.5, 1, 0.5]);
    expect((await hann({ periodic: 0 }, 5)).map((value) => Math.round(value * 1e6) / 1e6)).toEqual([0, 0.5, 1, 0.5, 0]);
    await expect(hann({ output_datatype: 7 }, 4)).rejects.toThrow('element type int64 (7)');
    await expect(hann({ periodic: 0 }, 1)).rejects.toThrow('a window of 1 numbers');
  });

  it('EyeLike is known from a shape alone, unless the batch is in it', async () => {
    const eye = (shape: (number | string)[], options = {}) => run(modelOf(shape, [node('EyeLike', 'x', 'w', { k: 1 }), node('Mul', 'x w', 'y')]), [1, 2, 3, 4], options); // biome-ignore format: one model
    expect(await eye([2, 2], { items: 'graph' })).toEqual([0, 2, 0, 0]);
    await expect(eye(['n', 2])).rejects.toThrow('with the batch as a dimension');
  });

  it('bands beyond half the rate are refused', () => {
    const edges = [integers('b', 4), integers('l', 16), integers('r', 8000), floats('lo', [], 0)];
    const mel = (high: number) => times(node('MelWeightMatrix', 'b l r lo hi', 'w'), [...edges.map((t) => ({ ...t, shape: [] })), floats('hi', [], high)], 4); // biome-ignore format: one model
    expect(() => importOnnx(mel(4000))).not.toThrow();
    refuses(mel(80_000), 'GRAPH_INVALID', 'is not within 9 bins');
  });
});
