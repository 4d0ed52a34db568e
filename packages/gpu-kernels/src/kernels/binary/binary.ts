import { binaryFunctions } from '../../graph/plan-scalars.ts';
import { sizeOf } from '../../graph/shapes.ts';
import { elementGrid, type KernelPlanner, loadKernel, rankConstants, valueOrWeight } from '../kernel.ts';
import { stridedLoops } from '../strided.ts';

const kernel = loadKernel('binary', 'binary', ['run', 'flat-index', 'coordinates', 'nan']);

export const binary: KernelPlanner<'binary'> = (step, shapes) => {
  const { sizes, strides } = stridedLoops(step, shapes);
  return {
    kernel,
    constants: {
      ...rankConstants('SIZE', sizes, 1),
      ...rankConstants('A', strides[0]!, 0),
      ...rankConstants('B', strides[1]!, 0),
      A_ITEM: step.a === undefined ? 0 : sizeOf(shapes.value(step.a)),
      B_ITEM: step.b === undefined ? 0 : sizeOf(shapes.value(step.b)),
      FUNCTION: binaryFunctions.indexOf(step.function),
    },
    bindings: [valueOrWeight(step.a, step.aWeight), valueOrWeight(step.b, step.bWeight), { value: step.output }],
    grid: elementGrid(shapes.value(step.output)),
  };
};
