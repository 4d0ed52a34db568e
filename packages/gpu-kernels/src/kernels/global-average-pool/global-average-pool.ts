import { elementGrid, type KernelPlanner, loadKernel } from '../kernel.ts';

const kernel = loadKernel('global-average-pool', 'global-average-pool', ['run', 'flat-index']);

export const globalAveragePool: KernelPlanner<'global-average-pool'> = (step, shapes) => {
  const [height, width, channels] = shapes.value(step.x) as [number, number, number];
  return {
    kernel,
    constants: { PIXELS: height * width, CHANNELS: channels },
    bindings: [{ value: step.x }, { value: step.output }],
    grid: elementGrid(shapes.value(step.output)),
  };
};
