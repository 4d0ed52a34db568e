import { sizeOf } from '../../graph/shapes.ts';
import { elementGrid, type KernelPlanner, loadKernel, rankConstants, valueOrWeight } from '../kernel.ts';
import { stridedLoops } from '../strided.ts';

const kernel = loadKernel('copy', 'copy', ['run', 'flat-index', 'coordinates']);

export const copy: KernelPlanner<'copy'> = (step, shapes) => {
  const { sizes, strides } = stridedLoops(step, shapes);
  return {
    kernel,
    constants: {
      ...rankConstants('SIZE', sizes, 1),
      ...rankConstants('FROM', strides[0]!, 0),
      OFFSET: step.offset,
      X_ITEM: step.x === undefined ? 0 : sizeOf(shapes.value(step.x)),
    },
    bindings: [valueOrWeight(step.x, step.xWeight), { value: step.output }],
    grid: elementGrid(shapes.value(step.output)),
  };
};
