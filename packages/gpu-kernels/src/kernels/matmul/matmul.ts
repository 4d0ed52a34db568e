import { sizeOf } from '../../graph/shapes.ts';
import { type KernelPlanner, loadKernel, maxWorkgroupsPerDimension, valueOrWeight } from '../kernel.ts';

/**
 * Along rows and along columns; a workgroup then takes further tiles. So many fill any GPU, and software is tested with them in a second,
 * where the 65,535 that WebGPU allows take it a minute.
 */
const mostTiles = 2048;

const tiled = loadKernel('matmul', 'tiled', ['run']);

export const matmul: KernelPlanner<'matmul'> = (step, shapes) => {
  const shape = shapes.value(step.output);
  const [rows, columns] = shape.slice(-2) as [number, number];
  const matrices = sizeOf(shape.slice(0, -2));
  const shapeA = step.a === undefined ? shapes.weight(step.aWeight!) : shapes.value(step.a);
  return {
    kernel: tiled,
    constants: {
      ROWS: rows,
      COLUMNS: columns,
      INNER: shapeA.at(-1)!,
      MATRICES: matrices,
      A_SHARED: step.a === undefined,
      B_SHARED: step.b === undefined,
    },
    bindings: [valueOrWeight(step.a, step.aWeight), valueOrWeight(step.b, step.bWeight), { value: step.output }],
    grid: (items) => [
      Math.min(Math.ceil(columns / 16), mostTiles),
      Math.min(Math.ceil(rows / 16), mostTiles),
      Math.min(items * matrices, maxWorkgroupsPerDimension),
    ],
  };
};
