import { expect, it } from 'vitest';
import { planGraph } from '../graph/planner.ts';
import { floorsOf, type GpuRates, h100Target } from './floors.ts';

/** Numbers that divide well: 1 TFLOP/s of matrices, 1 GB/s of memory. */
const rates: GpuRates = { matrixTeraflops: 1, teraflops: 0.5, gigabytesPerSecond: 1, dispatchMicroseconds: 0 };

function network(batch: number) {
  const nodes = [
    { name: 'one', op: 'MatMul', inputs: ['x', 'w1'], outputs: ['one'] },
    { name: 'two', op: 'MatMul', inputs: ['one', 'w2'], outputs: ['two'] },
  ];
  const weight = (rows: number, columns: number) => ({ shape: [rows, columns], data: new Float32Array(rows * columns) });
  const graph = { name: 'two products', inputs: [{ name: 'x', shape: [2, 64] }], nodes, outputs: ['two'] };
  return planGraph(graph, { w1: weight(64, 128), w2: weight(128, 64) }, batch).plan;
}

it('counts what each dispatch reads, writes and computes, and takes the longer of memory and arithmetic', () => {
  const [one, two] = floorsOf(network(128), { ...h100Target, tile: 'small' }, rates);
  // By hand: 128 items of two rows are 256 of 64 float32 and 128 rows of 64 halves in, 256 rows of 128 halves out; 4 x 2 tiles of 64x64.
  expect(one).toMatchObject({
    kernel: 'conv2d/half-matrix-2x2-each-packed',
    workgroups: 8,
    workgroupBytes: 10240,
    flops: 2 * 256 * 128 * 64,
    readBytes: 256 * 64 * 4 + 128 * 64 * 2,
    writtenBytes: 256 * 128 * 2,
    wideValues: 0,
    product: { size: [256, 128, 64], choice: 'small/1/1' },
  });
  expect(one!.microseconds).toBeCloseTo((256 * 64 * 4 + 128 * 64 * 2 + 256 * 128 * 2) / 1000, 9);
  expect(two).toMatchObject({ readBytes: 256 * 128 * 2 + 64 * 128 * 2, writtenBytes: 256 * 64 * 4 });
  const [fast] = floorsOf(network(128), { ...h100Target, tile: 'small' }, { ...rates, gigabytesPerSecond: 1e6 });
  expect(fast!.microseconds).toBeCloseTo((2 * 256 * 128 * 64) / 1e6, 9);
});

it('counts a product that is shared by its parts, and its arithmetic once', () => {
  const floors = floorsOf(network(128), { ...h100Target, tile: 'small/1/2' }, rates);
  expect(floors.map(({ kernel }) => kernel)).toEqual([
    'conv2d/half-matrix-2x2-each-parts',
    'conv2d/add-parts',
    'conv2d/half-matrix-2x2-packed-parts',
    'conv2d/add-parts',
  ]);
  // Sums of both parts, float32, written and read again.
  expect(floors[0]).toMatchObject({ workgroups: 16, writtenBytes: 2 * 256 * 128 * 4 });
  expect(floors[1]).toMatchObject({ flops: 0, readBytes: 2 * 256 * 128 * 4, writtenBytes: 256 * 128 * 2 });
});

it('says which values stay float32 within half precision', () => {
  const nodes = [
    { name: 'sum', op: 'ReduceSum', inputs: ['x', 'axes'], outputs: ['sum'] },
    { name: 'y', op: 'Sqrt', inputs: ['sum'], outputs: ['y'] },
  ];
  const graph = { name: 'a sum', inputs: [{ name: 'x', shape: [8, 4] }], nodes, outputs: ['y'] };
  const { plan } = planGraph(graph, { axes: { shape: [1], data: Float32Array.of(1) } }, 1);
  expect(floorsOf(plan, h100Target, rates).map(({ wideValues }) => wideValues)).toEqual([1, 1]);
});

it('makes no choice of tiles for a product that stays float32', () => {
  const nodes = [{ name: 'head', op: 'Gemm', inputs: ['x', 'w'], outputs: ['y'], attributes: { transB: 1 } }];
  const graph = { name: 'a head', inputs: [{ name: 'x', shape: [64] }], nodes, outputs: ['y'] };
  const { plan } = planGraph(graph, { w: { shape: [10, 64], data: new Float32Array(640) } }, 8);
  const [head] = floorsOf(plan, h100Target, rates);
  expect(head).toMatchObject({ kernel: 'conv2d/implicit-gemm-fours', readBytes: 8 * 64 * 4 + 10 * 64 * 4 });
  expect(head).not.toHaveProperty('product');
});
