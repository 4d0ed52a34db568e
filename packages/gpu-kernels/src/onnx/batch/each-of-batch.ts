/**
 * Ops whose first dimension is the batch by definition, such as convolutions, in a graph that is one item: what the file calls a batch is
 * a dimension of the item there, so the op is computed for each of its entries.
 */
import { graphInvalid, opUnsupported } from '../../graph/graph-errors.ts';
import { showShape } from '../../graph/shapes.ts';
import type { OnnxNode } from '../onnx-model.ts';
import type { Rewriting } from './rewriting.ts';

/** Each entry is nodes of its own, so that a file must not ask for many. */
const mostEntries = 64;

/** Sizes of all dimensions begin with that of the batch, which stays as it is. */
function parameters(to: Rewriting, count: number): readonly string[] {
  const { node } = to.move;
  const sizes = node.op === 'Resize' && !node.attributes.has('axes') ? to.move.constant(3) : undefined;
  if (sizes === undefined || sizes.data.length === 0) return node.inputs.slice(1);
  if (sizes.data[0] !== count) throw opUnsupported(node, 'resizing of the batch');
  return [...node.inputs.slice(1, 3), to.move.add([1, ...sizes.data.subarray(1)])];
}

/** `values`: inputs that have a batch, of which the entry is taken. */
export const eachOfBatch =
  (...values: readonly number[]) =>
  (to: Rewriting): readonly OnnxNode[] => {
    const { node } = to.move;
    const shape = to.shape(0);
    const count = shape[0] ?? 0;
    if (shape.length < 2 || count < 1) throw graphInvalid(node, `${showShape(shape)} has no batch and channels.`);
    if (count > mostEntries) throw opUnsupported(node, `${count} entries of its first dimension, where the whole graph is one item; at most ${mostEntries} are implemented`); // biome-ignore format: one condition
    const outputs = node.outputs.filter((name) => name !== '');
    if (count > 1 && outputs.length > 1) throw opUnsupported(node, `output "${outputs[1]}" of ${count} entries where the whole graph is one item`); // biome-ignore format: one condition
    const others = parameters(to, count);
    const results = Array.from({ length: count }, (_, entry) => {
      const inputs = [node.inputs[0]!, ...others].map((name, index) => (values.includes(index) ? entryOf(to, name, index, entry, count) : name)); // biome-ignore format: one expression
      return to.addAll(node.op, inputs, outputs.length);
    });
    if (count === 1) return to.endAll(results[0]!, outputs, { axes: [1] }, 'Unsqueeze');
    return to.end(results.map(([name]) => to.add('Unsqueeze', [name!], { axes: [1] })), { axis: 1 }, 'Concat'); // biome-ignore format: one call
  };

function entryOf(to: Rewriting, name: string, index: number, entry: number, count: number): string {
  const shape = to.shape(index);
  if (to.move.constant(index) !== undefined || shape[0] !== count)
    throw opUnsupported(to.move.node, `input ${index} that is not computed for ${count} entries`);
  const [from, end, axis] = [entry, entry + 1, 1].map((value) => to.move.add([value]));
  const part = count === 1 ? name : to.add('Slice', [name, from!, end!, axis!]);
  return to.reshape(part, shape.slice(1));
}
