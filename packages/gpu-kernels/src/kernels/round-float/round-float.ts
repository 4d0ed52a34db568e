import { sizeOf } from '../../graph/shapes.ts';
import { elementGrid, type KernelPlanner, loadKernel } from '../kernel.ts';

const kernel = loadKernel('round-float', 'round-float', ['flat-index']);

export const roundFloat: KernelPlanner<'round-float'> = (step, shapes) => ({
  kernel,
  constants: { IS_BFLOAT16: step.format === 'bfloat16' },
  parameters: [sizeOf(shapes.value(step.x))],
  bindings: [{ value: step.x }, { value: step.output }],
  grid: elementGrid(shapes.value(step.x)),
});
