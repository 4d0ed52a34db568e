import { elementGrid, type KernelPlanner, loadKernel } from '../kernel.ts';

const kernel = loadKernel('pad', 'pad', ['run', 'flat-index']);

export const pad: KernelPlanner<'pad'> = (step, shapes) => {
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
      PAD_TOP: step.pads[0],
      PAD_LEFT: step.pads[1],
      VALUE: step.value,
    },
    bindings: [{ value: step.x }, { value: step.output }],
    grid: elementGrid(shapes.value(step.output)),
  };
};
