/** One dispatch a part: WebGPU binds eight buffers at most, and a network may join any number of values. */
import { sizeOf } from '../../graph/shapes.ts';
import { type Dispatch, elementGrid, loadKernel, type StepOf, type StepShapes } from '../kernel.ts';

const kernel = loadKernel('concat', 'concat', ['flat-index']);

export function concat(step: StepOf<'concat'>, shapes: StepShapes): readonly Dispatch[] {
  const output = shapes.value(step.output);
  const rows = sizeOf(output.slice(0, step.dimension));
  let first = 0;
  return step.parts.map((part) => {
    const row = sizeOf(shapes.value(part)) / rows;
    const parameters = [row, sizeOf(output) / rows, first, rows];
    first += row;
    return {
      kernel,
      constants: {},
      parameters,
      bindings: [{ value: part }, { value: step.output }],
      grid: elementGrid(shapes.value(part)),
    };
  });
}
