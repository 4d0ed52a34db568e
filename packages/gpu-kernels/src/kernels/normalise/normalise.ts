import { sizeOf } from '../../graph/shapes.ts';
import { flatGrid, flatWorkgroup, type KernelPlanner, loadKernel, orZero } from '../kernel.ts';

const kernel = loadKernel('normalise', 'normalise', ['run', 'workgroup-sum']);

export const normalise: KernelPlanner<'normalise'> = (step, shapes) => {
  const { pixels, groups, width } = step;
  const parts = sizeOf(shapes.value(step.x)) / (pixels * width);
  return {
    kernel,
    constants: {
      PIXELS: pixels,
      GROUPS: groups,
      WIDTH: width,
      PARTS: parts,
      EPSILON: step.epsilon,
      CENTRED: step.centred,
      HAS_SCALE: step.scale !== undefined,
      HAS_BIAS: step.bias !== undefined,
    },
    bindings: [{ value: step.x }, orZero(step.scale), orZero(step.bias), { value: step.output }],
    grid: (items) => flatGrid(items * parts * flatWorkgroup),
  };
};
