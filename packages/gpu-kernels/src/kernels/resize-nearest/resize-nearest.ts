import { elementGrid, type KernelPlanner, loadKernel } from '../kernel.ts';

const kernel = loadKernel('resize-nearest', 'resize-nearest', ['run', 'flat-index']);

export const resizeNearest: KernelPlanner<'resize-nearest'> = (step, shapes) => {
  const [height, width, channels] = shapes.value(step.x) as [number, number, number];
  const [outHeight, outWidth] = shapes.value(step.output) as [number, number, number];
  return {
    kernel,
    constants: { HEIGHT: height, WIDTH: width, CHANNELS: channels, OUT_HEIGHT: outHeight, OUT_WIDTH: outWidth },
    bindings: [{ value: step.x }, { value: step.output }],
    grid: elementGrid(shapes.value(step.output)),
  };
};
