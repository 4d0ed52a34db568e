import { sizeOf } from '../../graph/shapes.ts';
import { type BufferReference, type Dispatch, elementGrid, type KernelPlanner, loadKernel, type StepOf, type StepShapes, valueOrWeight } from '../kernel.ts'; // biome-ignore format: one list
import { rowsAtOnce, weightRows } from '../split-products.ts';

const kernel = loadKernel('gather', 'gather', ['run', 'flat-index', 'nan']);

/** One dispatch, or of a table that exceeds what the adapter binds at once, one for each of its parts. */
export const gather: KernelPlanner<'gather'> = (step, shapes) => {
  const table = step.xWeight === undefined ? [] : shapes.weight(step.xWeight);
  const most = step.xWeight === undefined ? undefined : rowsAtOnce(step, table, shapes.target.bindingBytes);
  if (most === undefined) return partOf(step, shapes, valueOrWeight(step.x, step.xWeight));
  const [length = 0] = table;
  const weight = step.xWeight!;
  return Array.from({ length: Math.ceil(length / most) }, (_, index): Dispatch => {
    const [first, end] = [index * most, Math.min((index + 1) * most, length)];
    return partOf(step, shapes, { rows: weightRows(weight, table, first, end) }, { first, rows: end - first });
  });
};

function partOf(
  step: StepOf<'gather'>,
  shapes: StepShapes,
  from: BufferReference,
  part?: { readonly first: number; readonly rows: number },
): Dispatch {
  const x = step.x === undefined ? shapes.weight(step.xWeight!) : shapes.value(step.x);
  const indices = step.indices === undefined ? shapes.weight(step.indicesWeight!) : shapes.value(step.indices);
  const length = x[step.dimension]!;
  return {
    kernel,
    constants: {
      SIZE: sizeOf(shapes.value(step.output)),
      LENGTH: length,
      FIRST: part?.first ?? 0,
      ROWS: part?.rows ?? length,
      COUNT: sizeOf(indices),
      INNER: sizeOf(x.slice(step.dimension + 1)),
      X_ITEM: step.x === undefined ? 0 : sizeOf(x),
      INDICES_ITEM: step.indices === undefined ? 0 : sizeOf(indices),
    },
    bindings: [from, valueOrWeight(step.indices, step.indicesWeight), { value: step.output }],
    grid: elementGrid(shapes.value(step.output)),
  };
}
