import { permuteList, rowMajorStrides } from '../../graph/shapes.ts';
import { elementGrid, type KernelPlanner, loadKernel, rankConstants } from '../kernel.ts';

const kernel = loadKernel('transpose', 'transpose', ['run', 'flat-index', 'coordinates']);

export const transpose: KernelPlanner<'transpose'> = (step, shapes) => ({
  kernel,
  constants: {
    ...rankConstants('SIZE', shapes.value(step.output), 1),
    ...rankConstants('FROM', permuteList(rowMajorStrides(shapes.value(step.x)), step.permutation), 0),
  },
  bindings: [{ value: step.x }, { value: step.output }],
  grid: elementGrid(shapes.value(step.output)),
});
