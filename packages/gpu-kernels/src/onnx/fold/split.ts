/** Split of a constant: one part an output. */
import { axisOf } from '../../graph/axes.ts';
import { graphInvalid } from '../../graph/graph-errors.ts';
import { showShape, sizeOf } from '../../graph/shapes.ts';
import { allocate, type Constant } from '../constant.ts';
import type { FoldCall } from '../node-call.ts';

/** Sizes are an attribute before opset 13 and an input since; without them the parts are equal, the last one smaller. */
export function Split(call: FoldCall): Constant[] {
  const { type, shape, data } = call.input(0);
  const axis = axisOf(call.attributes.number('axis', 0), shape.length, call.node);
  const size = shape[axis]!;
  const count = call.attributes.number('num_outputs', call.node.outputs.length);
  const equal = Array.from({ length: count }, (_, i) =>
    Math.min(Math.ceil(size / count), size - i * Math.ceil(size / count)),
  );
  const sizes = call.list('split', 1) ?? equal;
  call.attributes.finish();
  if (
    sizes.length !== call.node.outputs.length ||
    sizes.reduce((sum, part) => sum + part, 0) !== size ||
    sizes.some((part) => !(part >= 0))
  )
    // biome-ignore format: one condition
    throw graphInvalid(call.node, `parts ${showShape(sizes)} do not fit ${showShape(shape)} and ${call.node.outputs.length} outputs.`);
  const inner = sizeOf(shape.slice(axis + 1));
  let first = 0;
  return sizes.map((part) => {
    const partShape = shape.map((length, d) => (d === axis ? part : length));
    const values = allocate(type, partShape, call.place);
    for (let to = 0; to < values.length; to++) {
      const row = Math.floor(to / (part * inner));
      values[to] = data[(row * size + first) * inner + (to % (part * inner))]!;
    }
    first += part;
    return { type, shape: partShape, data: values };
  });
}
