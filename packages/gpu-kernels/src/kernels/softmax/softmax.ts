import { sizeOf } from '../../graph/shapes.ts';
import { flatGrid, flatWorkgroup, type KernelPlanner, loadKernel } from '../kernel.ts';

const kernel = loadKernel('softmax', 'softmax', ['run', 'workgroup-sum', 'workgroup-max']);

export const softmax: KernelPlanner<'softmax'> = (step, shapes) => {
  const shape = shapes.value(step.x);
  const rows = sizeOf(shape.slice(0, -1));
  return {
    kernel,
    constants: { WIDTH: shape.at(-1)!, ROWS: rows },
    bindings: [{ value: step.x }, { value: step.output }],
    grid: (items) => flatGrid(items * rows * flatWorkgroup),
  };
};
