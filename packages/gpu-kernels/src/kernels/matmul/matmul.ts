import { sizeOf } from '../../graph/shapes.ts';
import { type KernelPlanner, loadKernel, maxWorkgroupsPerDimension, valueOrWeight } from '../kernel.ts';

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
    grid: (items) => [Math.ceil(columns / 16), Math.ceil(rows / 16), Math.min(items * matrices, maxWorkgroupsPerDimension)],
  };
};
