import { sizeOf } from '../../graph/shapes.ts';
import {
  flatGrid,
  flatWorkgroup,
  halfDirectives,
  type Kernel,
  type KernelPlanner,
  loadKernel,
  orZero,
  type StepOf,
  type StepShapes,
  type Storage,
} from '../kernel.ts';

const anyLayout = loadKernel('normalise', 'normalise', ['run', 'workgroup-sum']);
const rowsOf = (x: Storage): Kernel => ({
  ...loadKernel(
    'normalise',
    'packed-rows',
    ['run', 'rolled', 'halves', `rows-${x === 'f16' ? 'packed' : 'full'}`, 'workgroup-sum'],
    halfDirectives,
  ),
  name: `normalise/packed-rows-of-${x}`,
});
const packedRows = { f16: rowsOf('f16'), f32: rowsOf('f32') };

/** Numbers of a row that a workgroup keeps in registers, 8 words of 16 bytes a thread. */
const mostKept = flatWorkgroup * 8 * 8;

const isPackedRows = ({ output, pixels, groups, width }: StepOf<'normalise'>, shapes: StepShapes): boolean =>
  shapes.storage(output) === 'f16' && pixels === 1 && groups === 1 && width % 8 === 0 && width <= mostKept;

export const normalise: KernelPlanner<'normalise'> = (step, shapes) => {
  const { pixels, groups, width } = step;
  const parts = sizeOf(shapes.value(step.x)) / (pixels * width);
  const packed = isPackedRows(step, shapes);
  const layout = packed ? { ROLLED: shapes.target.rolled } : { PIXELS: pixels, GROUPS: groups };
  return {
    kernel: packed ? packedRows[shapes.storage(step.x)] : anyLayout,
    constants: {
      ...layout,
      WIDTH: width,
      PARTS: parts,
      EPSILON: step.epsilon,
      CENTRED: step.centred,
      HAS_SCALE: step.scale !== undefined,
      HAS_BIAS: step.bias !== undefined,
    },
    bindings: [{ value: step.x }, orZero(step.scale), orZero(step.bias), { value: step.output }],
    ...(packed && { eitherStorage: [1, 4] }),
    grid: (items) => flatGrid(items * parts * flatWorkgroup),
  };
};
