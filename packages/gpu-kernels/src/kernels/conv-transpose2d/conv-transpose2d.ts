import { elementGrid, type KernelPlanner, loadKernel, orZero } from '../kernel.ts';
import { windowSizes } from '../window.ts';

const kernel = loadKernel('conv-transpose2d', 'gather', ['run', 'flat-index']);

export const convTranspose2d: KernelPlanner<'conv-transpose2d'> = (step, shapes) => {
  const [, kernelHeight, kernelWidth, groupChannels] = shapes.weight(step.weight) as [number, number, number, number];
  const sizes = windowSizes(shapes.value(step.x), shapes.value(step.output), [kernelHeight, kernelWidth], step);
  return {
    kernel,
    constants: {
      ...sizes,
      GROUP_CHANNELS: groupChannels,
      GROUP_OUTPUTS: sizes.OUT_CHANNELS / step.groups,
      HAS_BIAS: step.bias !== undefined,
    },
    bindings: [{ value: step.x }, { weight: step.weight }, orZero(step.bias), { value: step.output }],
    grid: elementGrid(shapes.value(step.output)),
  };
};
