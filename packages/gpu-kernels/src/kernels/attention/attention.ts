import type { MatrixView } from '../../graph/plan-products.ts';
import { sizeOf } from '../../graph/shapes.ts';
import {
  type Constants,
  flatGrid,
  flatWorkgroup,
  type KernelPlanner,
  loadKernel,
  type StepOf,
  type StepShapes,
} from '../kernel.ts';
import { type HalfWay, halfWay } from './half-attention.ts';

const rowsKernel = loadKernel('attention', 'rows', ['run', 'workgroup-sum', 'workgroup-max']);
const blocksKernel = loadKernel('attention', 'blocks', ['run', 'rolled']);

/** Rows of q from which a workgroup of 64 rows pays: fewer leave most of its threads idle. */
const rowsForBlocks = 16;
/** Numbers of q and of sums that a thread holds; more do not fit its registers. */
const channelsForBlocks = 256;
/** What every adapter has as workgroup memory, for the staged rows of k and v. */
const stagedBytes = 16384;

/** Rows of k and v that are staged at once, or undefined where one workgroup a row of q is the better way. */
function keysAtOnce({ rows, channels, valueChannels }: StepOf<'attention'>): number | undefined {
  if (rows < rowsForBlocks || channels + valueChannels > channelsForBlocks) return undefined;
  const rowBytes = 16 * (Math.ceil(channels / 4) + Math.ceil(valueChannels / 4));
  return Math.min(16, Math.floor(stagedBytes / rowBytes));
}

const viewConstants = (name: string, { offset, strides }: MatrixView, item: number): Constants => ({
  [`${name}_ITEM`]: item,
  [`${name}_OFFSET`]: offset,
  [`${name}_OUTER`]: strides[0],
  [`${name}_HEAD`]: strides[1],
  [`${name}_ROW`]: strides[2],
  [`${name}_COLUMN`]: strides[3],
});

const nowhere: MatrixView = { offset: 0, strides: [0, 0, 0, 0] };

/** Half precision where the step suits it, else one thread a row of q, else one workgroup a row. */
function wayOf(step: StepOf<'attention'>, shapes: StepShapes): HalfWay {
  const half = step.rows < rowsForBlocks ? undefined : halfWay(step, shapes);
  if (half !== undefined) return half;
  const staged = keysAtOnce(step);
  if (staged === undefined) return { kernel: rowsKernel, constants: {}, queries: 1 };
  const constants = { KEYS_AT_ONCE: staged, ROLLED: shapes.target.rolled };
  return { kernel: blocksKernel, constants, queries: flatWorkgroup };
}

export const attention: KernelPlanner<'attention'> = (step, shapes) => {
  const { outer, heads, rows, keys, channels, valueChannels } = step;
  const size = (id: number): number => sizeOf(shapes.value(id));
  const hasMask = step.maskView !== undefined;
  const { kernel, constants, eitherStorage = [], queries } = wayOf(step, shapes);
  const workgroups = outer * heads * Math.ceil(rows / queries);
  return {
    kernel,
    eitherStorage,
    constants: {
      ...constants,
      HEADS: heads,
      ROWS: rows,
      KEYS: keys,
      CHANNELS: channels,
      VALUE_CHANNELS: valueChannels,
      MATRICES: outer * heads,
      SCALE: step.scale,
      HAS_MASK: hasMask,
      ZERO_EMPTY: step.zeroEmpty === true,
      ...viewConstants('Q', step.qView, size(step.q)),
      ...viewConstants('K', step.kView, size(step.k)),
      ...viewConstants('V', step.vView, size(step.v)),
      ...viewConstants('Y', step.yView, size(step.output)),
      ...viewConstants('MASK', step.maskView ?? nowhere, step.mask === undefined ? 0 : size(step.mask)),
    },
    bindings: [
      { value: step.q },
      { value: step.k },
      { value: step.v },
      step.mask === undefined
        ? step.maskWeight === undefined
          ? 'zero'
          : { weight: step.maskWeight }
        : { value: step.mask },
      { value: step.output },
    ],
    grid: (items) => flatGrid(items * workgroups * flatWorkgroup),
  };
};
