import { sizeOf } from '../../graph/shapes.ts';
import { elementGrid, type KernelPlanner, loadKernel, valueOrWeight } from '../kernel.ts';

const kernel = loadKernel('gather', 'gather', ['run', 'flat-index']);

export const gather: KernelPlanner<'gather'> = (step, shapes) => {
  const x = step.x === undefined ? shapes.weight(step.xWeight!) : shapes.value(step.x);
  const indices = step.indices === undefined ? shapes.weight(step.indicesWeight!) : shapes.value(step.indices);
  return {
    kernel,
    constants: {
      SIZE: sizeOf(shapes.value(step.output)),
      LENGTH: x[step.dimension]!,
      COUNT: sizeOf(indices),
      INNER: sizeOf(x.slice(step.dimension + 1)),
      X_ITEM: step.x === undefined ? 0 : sizeOf(x),
      INDICES_ITEM: step.indices === undefined ? 0 : sizeOf(indices),
    },
    bindings: [valueOrWeight(step.x, step.xWeight), valueOrWeight(step.indices, step.indicesWeight), { value: step.output }],
    grid: elementGrid(shapes.value(step.output)),
  };
};
