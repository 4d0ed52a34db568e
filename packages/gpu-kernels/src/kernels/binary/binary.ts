import { binaryFunctions } from '../../graph/plan.ts';
import { sizeOf } from '../../graph/shapes.ts';
import { elementGrid, type KernelPlanner, loadKernel, rankConstants, valueOrWeight } from '../kernel.ts';

const kernel = loadKernel('binary', 'binary', ['run', 'flat-index', 'coordinates']);

export const binary: KernelPlanner<'binary'> = (step, shapes) => ({
  kernel,
  constants: {
    ...rankConstants('SIZE', shapes.value(step.output), 1),
    ...rankConstants('A', step.aStrides, 0),
    ...rankConstants('B', step.bStrides, 0),
    A_ITEM: step.a === undefined ? 0 : sizeOf(shapes.value(step.a)),
    B_ITEM: step.b === undefined ? 0 : sizeOf(shapes.value(step.b)),
    FUNCTION: binaryFunctions.indexOf(step.function),
  },
  bindings: [valueOrWeight(step.a, step.aWeight), valueOrWeight(step.b, step.bWeight), { value: step.output }],
  grid: elementGrid(shapes.value(step.output)),
});
