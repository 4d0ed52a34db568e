import { sizeOf } from '../../graph/shapes.ts';
import { elementGrid, type KernelPlanner, loadKernel } from '../kernel.ts';

const kernel = loadKernel('reduce', 'reduce', ['run', 'flat-index', 'nan']);

export const reduce: KernelPlanner<'reduce'> = (step, shapes) => {
  const shape = shapes.value(step.x);
  return {
    kernel,
    constants: {
      LENGTH: shape[step.dimension]!,
      INNER: sizeOf(shape.slice(step.dimension + 1)),
      SIZE: sizeOf(shapes.value(step.output)),
      FUNCTION: ['sum', 'mean', 'max', 'min', 'product'].indexOf(step.function),
    },
    bindings: [{ value: step.x }, { value: step.output }],
    grid: elementGrid(shapes.value(step.output)),
  };
};
