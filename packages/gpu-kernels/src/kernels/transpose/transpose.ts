import { elementGrid, type KernelPlanner, loadKernel, rankConstants } from '../kernel.ts';
import { stridedLoops } from '../strided.ts';

const kernel = loadKernel('transpose', 'transpose', ['run', 'flat-index', 'coordinates']);

export const transpose: KernelPlanner<'transpose'> = (step, shapes) => {
  const { sizes, strides } = stridedLoops(step, shapes);
  return {
    kernel,
    constants: { ...rankConstants('SIZE', sizes, 1), ...rankConstants('FROM', strides[0]!, 0) },
    bindings: [{ value: step.x }, { value: step.output }],
    grid: elementGrid(shapes.value(step.output)),
  };
};
