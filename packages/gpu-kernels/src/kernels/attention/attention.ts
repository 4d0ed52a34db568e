import type { MatrixView } from '../../graph/plan.ts';
import { sizeOf } from '../../graph/shapes.ts';
import { type Constants, flatGrid, flatWorkgroup, type KernelPlanner, loadKernel } from '../kernel.ts';

const kernel = loadKernel('attention', 'rows', ['run', 'workgroup-sum']);

const viewConstants = (name: string, { offset, strides }: MatrixView, item: number): Constants => ({
  [`${name}_ITEM`]: item,
  [`${name}_OFFSET`]: offset,
  [`${name}_OUTER`]: strides[0],
  [`${name}_HEAD`]: strides[1],
  [`${name}_ROW`]: strides[2],
  [`${name}_COLUMN`]: strides[3],
});

const nowhere: MatrixView = { offset: 0, strides: [0, 0, 0, 0] };

export const attention: KernelPlanner<'attention'> = (step, shapes) => {
  const { outer, heads, rows, keys, channels, valueChannels } = step;
  const size = (id: number): number => sizeOf(shapes.value(id));
  const hasMask = step.maskView !== undefined;
  return {
    kernel,
    constants: {
      HEADS: heads,
      ROWS: rows,
      KEYS: keys,
      CHANNELS: channels,
      VALUE_CHANNELS: valueChannels,
      MATRICES: outer * heads,
      SCALE: step.scale,
      HAS_MASK: hasMask,
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
    grid: (items) => flatGrid(items * outer * heads * rows * flatWorkgroup),
  };
};
