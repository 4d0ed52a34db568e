import { sizeOf } from '../../graph/shapes.ts';
import { elementGrid, type KernelPlanner, loadKernel, maxWorkgroupsPerDimension, valueOrWeight } from '../kernel.ts';

const quantizeKernel = loadKernel('quantize', 'quantize', ['flat-index']);
const rangeKernel = loadKernel('quantize', 'range', []);

export const quantize: KernelPlanner<'quantize'> = (step, shapes) => {
  const shape = shapes.value(step.x);
  const channels = step.parametersWeight === undefined ? 1 : shapes.weight(step.parametersWeight)[0]!;
  return {
    kernel: quantizeKernel,
    constants: { DEQUANTIZE: step.dequantize, OF_ITEM: step.parameters !== undefined },
    parameters: [sizeOf(shape), sizeOf(shape.slice(step.dimension + 1)), channels, step.min, step.max],
    bindings: [{ value: step.x }, valueOrWeight(step.parameters, step.parametersWeight), { value: step.output }],
    grid: elementGrid(shape),
  };
};

/** One workgroup an item. */
export const quantizeRange: KernelPlanner<'quantize-range'> = (step, shapes) => ({
  kernel: rangeKernel,
  constants: {},
  parameters: [sizeOf(shapes.value(step.x))],
  bindings: [{ value: step.x }, { value: step.output }],
  grid: (items) => [Math.min(items, maxWorkgroupsPerDimension), Math.ceil(items / maxWorkgroupsPerDimension), 1],
});
