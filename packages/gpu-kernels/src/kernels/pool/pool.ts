import { elementGrid, type KernelPlanner, loadKernel } from '../kernel.ts';
import { windowSizes } from '../window.ts';

const kernel = loadKernel('pool', 'pool', ['run', 'flat-index', 'nan']);

export const pool: KernelPlanner<'pool'> = (step, shapes) => ({
  kernel,
  constants: {
    ...windowSizes(shapes.value(step.x), shapes.value(step.output), step.kernel, step),
    PAD_BOTTOM: step.pads[2],
    PAD_RIGHT: step.pads[3],
    IS_MAX: step.function === 'max',
    IS_SUM: step.function === 'sum',
    COUNT_PAD: step.countPad,
  },
  bindings: [{ value: step.x }, { value: step.output }],
  grid: elementGrid(shapes.value(step.output)),
});
