import { sizeOf } from '../../graph/shapes.ts';
import { elementGrid, type KernelPlanner, loadKernel, rankConstants, valueOrWeight } from '../kernel.ts';
import { stridedLoops } from '../strided.ts';

const kernel = loadKernel('select', 'select', ['run', 'flat-index', 'coordinates']);

export const select: KernelPlanner<'select'> = (step, shapes) => {
  const { sizes, strides } = stridedLoops(step, shapes);
  const perItem = (value: number | undefined): number => (value === undefined ? 0 : sizeOf(shapes.value(value)));
  return {
    kernel,
    constants: {
      ...rankConstants('SIZE', sizes, 1),
      ...rankConstants('C', strides[0]!, 0),
      ...rankConstants('A', strides[1]!, 0),
      ...rankConstants('B', strides[2]!, 0),
      C_ITEM: perItem(step.c),
      A_ITEM: perItem(step.a),
      B_ITEM: perItem(step.b),
    },
    bindings: [
      valueOrWeight(step.c, step.cWeight),
      valueOrWeight(step.a, step.aWeight),
      valueOrWeight(step.b, step.bWeight),
      { value: step.output },
    ],
    grid: elementGrid(shapes.value(step.output)),
  };
};
