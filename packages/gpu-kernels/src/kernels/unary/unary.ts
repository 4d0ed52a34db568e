import { sizeOf } from '../../graph/shapes.ts';
import { activationConstants, elementGrid, type KernelPlanner, loadKernel } from '../kernel.ts';

const kernel = loadKernel('unary', 'unary', ['run', 'flat-index', 'activation']);

export const unary: KernelPlanner<'unary'> = (step, shapes) => ({
  kernel,
  constants: { SIZE: sizeOf(shapes.value(step.output)), ...activationConstants({ ...step, kind: step.function }) },
  bindings: [{ value: step.x }, { value: step.output }],
  grid: elementGrid(shapes.value(step.output)),
});
