import { elementGrid, type KernelPlanner, loadKernel } from '../kernel.ts';

const kernel = loadKernel('pool', 'pool', ['run', 'flat-index']);

export const pool: KernelPlanner<'pool'> = (step, shapes) => {
  const [height, width, channels] = shapes.value(step.x) as [number, number, number];
  const [outHeight, outWidth] = shapes.value(step.output) as [number, number, number];
  return {
    kernel,
    constants: {
      HEIGHT: height,
      WIDTH: width,
      CHANNELS: channels,
      OUT_HEIGHT: outHeight,
      OUT_WIDTH: outWidth,
      KERNEL_HEIGHT: step.kernel[0],
      KERNEL_WIDTH: step.kernel[1],
      STRIDE_Y: step.strides[0],
      STRIDE_X: step.strides[1],
      PAD_TOP: step.pads[0],
      PAD_LEFT: step.pads[1],
      PAD_BOTTOM: step.pads[2],
      PAD_RIGHT: step.pads[3],
      DILATION_Y: step.dilations[0],
      DILATION_X: step.dilations[1],
      IS_MAX: step.function === 'max',
      IS_SUM: step.function === 'sum',
      COUNT_PAD: step.countPad,
    },
    bindings: [{ value: step.x }, { value: step.output }],
    grid: elementGrid(shapes.value(step.output)),
  };
};
