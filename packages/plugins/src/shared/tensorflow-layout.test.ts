import type { Tensor } from '@diptych/plugin-kit';
import { describe, expect, it } from 'vitest';
import { toOnnxLayout } from './tensorflow-layout.ts';

describe('toOnnxLayout', () => {
  const counting = (shape: number[]): Tensor => ({
    shape,
    data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, index) => index),
  });

  it('moves convolution kernels from height, width, in, out to out, in, height, width', () => {
    const moved = toOnnxLayout(new Map([['x/kernel', counting([1, 2, 2, 3])]]))['x/kernel'];
    expect(moved).toEqual({ shape: [3, 2, 1, 2], data: Float32Array.of(0, 6, 3, 9, 1, 7, 4, 10, 2, 8, 5, 11) });
  });

  it('moves depthwise kernels to one input channel a group', () => {
    const moved = toOnnxLayout(new Map([['x/depthwise_kernel', counting([2, 1, 3, 1])]]))['x/depthwise_kernel'];
    expect(moved).toEqual({ shape: [3, 1, 2, 1], data: Float32Array.of(0, 3, 1, 4, 2, 5) });
  });

  it('transposes dense kernels and leaves vectors', () => {
    const moved = toOnnxLayout(
      new Map([
        ['x/kernel', counting([2, 3])],
        ['x/bias', counting([3])],
      ]),
    );
    expect(moved['x/kernel']).toEqual({ shape: [3, 2], data: Float32Array.of(0, 3, 1, 4, 2, 5) });
    expect(moved['x/bias']).toEqual(counting([3]));
  });
});
