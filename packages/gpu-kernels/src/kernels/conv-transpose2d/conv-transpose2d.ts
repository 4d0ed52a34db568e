import { elementGrid, type KernelPlanner, loadKernel, orZero } from '../kernel.ts';

const kernel = loadKernel('conv-transpose2d', 'gather', ['run', 'flat-index']);

export const convTranspose2d: KernelPlanner<'conv-transpose2d'> = (step, shapes) => {
  const [height, width, channels] = shapes.value(step.x) as [number, number, number];
  const [outHeight, outWidth, outChannels] = shapes.value(step.output) as [number, number, number];
  const [, kernelHeight, kernelWidth, groupChannels] = shapes.weight(step.weight) as [number, number, number, number];
  return {
    kernel,
    constants: {
      HEIGHT: height,
      WIDTH: width,
      CHANNELS: channels,
      OUT_HEIGHT: outHeight,
      OUT_WIDTH: outWidth,
      OUT_CHANNELS: outChannels,
      KERNEL_HEIGHT: kernelHeight,
      KERNEL_WIDTH: kernelWidth,
      STRIDE_Y: step.strides[0],
      STRIDE_X: step.strides[1],
      DILATION_Y: step.dilations[0],
      DILATION_X: step.dilations[1],
      PAD_TOP: step.pads[0],
      PAD_LEFT: step.pads[1],
      GROUP_CHANNELS: groupChannels,
      GROUP_OUTPUTS: outChannels / step.groups,
      HAS_BIAS: step.bias !== undefined,
    },
    bindings: [{ value: step.x }, { weight: step.weight }, orZero(step.bias), { value: step.output }],
    grid: elementGrid(shapes.value(step.output)),
  };
};
