import { unaryFunctions } from '../../graph/plan.ts';
import { sizeOf } from '../../graph/shapes.ts';
import { elementGrid, type KernelPlanner, loadKernel } from '../kernel.ts';

const kernel = loadKernel('unary', 'unary', ['run', 'flat-index']);

export const unary: KernelPlanner<'unary'> = (step, shapes) => ({
  kernel,
  constants: {
    SIZE: sizeOf(shapes.value(step.output)),
    FUNCTION: unaryFunctions.indexOf(step.function),
    CLIP_MIN: step.min ?? 0,
    CLIP_MAX: step.max ?? 0,
  },
  bindings: [{ value: step.x }, { value: step.output }],
  grid: elementGrid(shapes.value(step.output)),
});
