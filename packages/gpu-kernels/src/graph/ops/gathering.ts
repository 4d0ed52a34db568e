/** Concat, Gather, Where. */
import type { GraphNode, Tensor } from '@diptych/plugin-kit';
import { Attributes } from '../attributes.ts';
import { axisOf } from '../axes.ts';
import { graphInvalid, itemsTogether, opUnsupported } from '../graph-errors.ts';
import { type Form, type PlanBuilder, toChannelsLast } from '../plan-builder.ts';
import { permuteList, sameShape, showShape } from '../shapes.ts';
import { broadcastOperands, type OperandRead, operandOf } from './arithmetic.ts';
import { activationOf, addWalk, isSameItem } from './copying.ts';

/** Images are joined as they lie, so that channels of convolutions are joined without a transpose. */
export function Concat(builder: PlanBuilder, node: GraphNode): void {
  const attributes = new Attributes(node);
  const values = node.inputs.filter((name) => !builder.isConstant(name)).map((name) => builder.named(name));
  const rank = values[0]?.shape.length;
  if (rank === undefined) throw opUnsupported(node, 'all inputs are constants; fold them before export');
  const axis = axisOf(attributes.number('axis', 0), rank + 1, node) - 1;
  attributes.finish();
  if (axis < 0) throw opUnsupported(node, `joining items of the batch. ${itemsTogether}`);
  const parts = node.inputs.map((_, index) => activationOf(builder, node, index, rank));
  if (!parts.every(({ shape }) => shape.length === rank && isSameItem(shape, parts[0]!.shape, axis))) {
    throw graphInvalid(
      node,
      `shapes ${parts.map(({ shape }) => showShape(shape)).join(', ')} (without batch) do not fit together along ${axis + 1}.`,
    );
  }
  const shape = parts[0]!.shape.map((size, d) => (d === axis ? parts.reduce((sum, part) => sum + part.shape[d]!, 0) : size));
  const form: Form = parts.some((part) => part.forms.channelsLast !== undefined) ? 'channelsLast' : 'plain';
  const ids = parts.map((part) => builder[form](part, node.name));
  const dimension = form === 'plain' ? axis : toChannelsLast.indexOf(axis as 0 | 1 | 2);
  const id = builder.addStep(
    { op: 'concat', name: node.name, parts: ids, dimension },
    form === 'plain' ? shape : permuteList(shape, toChannelsLast),
  );
  builder.define(node.outputs[0]!, shape, { [form]: id });
}

/**
 * Constant indices on any dimension of a value, or computed ones into a constant table. `batch_dims` 1, which ONNX has for GatherND
 * only, lets every item choose from its own numbers.
 */
export function Gather(builder: PlanBuilder, node: GraphNode): void {
  const attributes = new Attributes(node);
  const axis = attributes.number('axis', 0);
  const ofItem = attributes.number('batch_dims', 0) === 1;
  attributes.finish();
  const [table, indices] = [builder.constants.get(node.inputs[0] ?? ''), builder.constants.get(node.inputs[1] ?? '')];
  if (table !== undefined && indices === undefined) gatherRows(builder, node, table, axisOf(axis, table.shape.length, node));
  else if (indices !== undefined) gatherConstant(builder, node, indices, axis);
  else if (ofItem) gatherOfItem(builder, node, axis);
  else throw opUnsupported(node, 'computed indices into a computed value, which would join items of the batch');
}

/** Rows of a table, one for each index of an item. */
function gatherRows(builder: PlanBuilder, node: GraphNode, table: Tensor, axis: number): void {
  if (axis !== 0) throw opUnsupported(node, `axis ${axis} of a constant: the batch would not be first`);
  const indices = builder.value(node, 1);
  const shape = [...indices.shape, ...table.shape.slice(1)];
  const xWeight = builder.addWeight(`${node.name}.table`, table);
  const plain = builder.plain(indices, node.name);
  const id = builder.addStep({ op: 'gather', name: node.name, xWeight, indices: plain, dimension: 0 }, shape);
  builder.define(node.outputs[0]!, shape, { plain: id });
}

function gatherOfItem(builder: PlanBuilder, node: GraphNode, axis: number): void {
  const [x, indices] = [builder.value(node, 0), builder.value(node, 1)];
  const dimension = axisOf(axis, x.shape.length + 1, node) - 1;
  if (dimension < 0) throw opUnsupported(node, 'gathering items of the batch');
  const shape = [...x.shape.slice(0, dimension), ...indices.shape, ...x.shape.slice(dimension + 1)];
  const ids = { x: builder.plain(x, node.name), indices: builder.plain(indices, node.name) };
  const id = builder.addStep({ op: 'gather', name: node.name, ...ids, dimension }, shape);
  builder.define(node.outputs[0]!, shape, { plain: id });
}

function gatherConstant(builder: PlanBuilder, node: GraphNode, indices: Tensor, axis: number): void {
  const x = builder.value(node, 0);
  const dimension = axisOf(axis, x.shape.length + 1, node) - 1;
  if (dimension < 0) throw opUnsupported(node, 'gathering items of the batch');
  const length = x.shape[dimension]!;
  const chosen = new Float64Array(indices.data).map((index) => (index < 0 ? index + length : index));
  if (!chosen.every((index) => Number.isInteger(index) && index >= 0 && index < length))
    throw graphInvalid(node, `an index leaves the ${length} entries of dimension ${dimension + 1}.`);
  if (chosen.length === 0) throw opUnsupported(node, 'no indices');
  const shape = [...x.shape.slice(0, dimension), ...indices.shape, ...x.shape.slice(dimension + 1)];
  const [begin = 0, second = begin + 1] = chosen;
  const step = second - begin;
  const isWalk = chosen.every((index, at) => index === begin + at * step);
  const { form, id } = isWalk ? builder.existing(x) : { form: 'plain' as const, id: builder.plain(x, node.name) };
  const kept = x.shape.map((size, d) => (d === dimension ? chosen.length : size));
  const walks = kept.map((count, d) => (d === dimension ? { begin, step, count } : { begin: 0, step: 1, count }));
  if (isWalk) {
    const walked = addWalk(builder, node.name, id, form === 'plain' ? walks : permuteList(walks, toChannelsLast));
    builder.define(node.outputs[0]!, kept, { [form]: walked });
  } else {
    const weight = builder.addWeight(`${node.name}.indices`, { shape: [chosen.length], data: new Float32Array(chosen) });
    const gathered = builder.addStep({ op: 'gather', name: node.name, x: id, indicesWeight: weight, dimension }, kept);
    builder.define(node.outputs[0]!, kept, { plain: gathered });
  }
  if (sameShape(shape, kept)) return;
  const plain = builder.plain(builder.named(node.outputs[0]!), node.name);
  builder.define(node.outputs[0]!, shape, { plain: builder.reshape(plain, shape, node.name) });
}

export function Where(builder: PlanBuilder, node: GraphNode): void {
  new Attributes(node).finish();
  const operands = [0, 1, 2].map((index) => operandOf(builder, node, index));
  if (operands.every((operand) => 'constant' in operand))
    throw opUnsupported(node, 'all inputs are constants; fold them before export');
  const { shape, form, reads } = broadcastOperands(builder, node, operands);
  const [c, a, b] = reads as [OperandRead, OperandRead, OperandRead];
  const id = builder.addStep(
    {
      op: 'select',
      name: node.name,
      ...(c.id === undefined ? { cWeight: c.weight! } : { c: c.id }),
      cStrides: c.strides,
      ...(a.id === undefined ? { aWeight: a.weight! } : { a: a.id }),
      aStrides: a.strides,
      ...(b.id === undefined ? { bWeight: b.weight! } : { b: b.id }),
      bStrides: b.strides,
    },
    form === 'plain' ? shape : permuteList(shape, toChannelsLast),
  );
  builder.define(node.outputs[0]!, shape, { [form]: id });
}
