import { sizeOf } from '../../graph/shapes.ts';
import { elementGrid, type KernelPlanner, loadKernel } from '../kernel.ts';

const kernel = loadKernel('resample', 'resample', ['run', 'flat-index']);

export const resample: KernelPlanner<'resample'> = (step, shapes) => {
  const from = shapes.value(step.x);
  const [outLength, taps] = shapes.weight(step.indicesWeight) as [number, number];
  return {
    kernel,
    constants: {
      LENGTH: from[step.dimension]!,
      OUT_LENGTH: outLength,
      INNER: sizeOf(from.slice(step.dimension + 1)),
      TAPS: taps,
      ITEM_SIZE: sizeOf(shapes.value(step.output)),
    },
    bindings: [{ value: step.x }, { weight: step.indicesWeight }, { weight: step.factorsWeight }, { value: step.output }],
    grid: elementGrid(shapes.value(step.output)),
  };
};
