/**
 * Windows over more dimensions than an image has, or over the batch too, of which one holds single places: jax2onnx writes every pool of
 * JAX as one of `[1, 1, batch, height, width, channels]`, with windows of 1 along the batch. That dimension changes places with the
 * first, which is 1, and the windows go over the others. Neither moves a sum.
 */
import { onnxShape, usual } from '../batch/layout.ts';
import { batchEntry, dependsOnBatch } from '../constant.ts';
import type { ImportState } from '../import-state.ts';
import { graphAttributes } from '../node-call.ts';
import { type OnnxNode, opKey } from '../onnx-model.ts';
import type { Expand } from './expansion.ts';

const ops: ReadonlySet<string> = new Set(['AveragePool', 'Conv', 'MaxPool']);
/** What the lists of attributes say of a dimension whose windows are its places. */
const single: Readonly<Record<string, number>> = { kernel_shape: 1, strides: 1, dilations: 1, pads: 0 };

type Lists = Readonly<Record<string, readonly number[]>>;

/** Lists of entries for each dimension, `pads` twice; undefined where one has another length. */
function listsOf(state: ImportState, node: OnnxNode, rank: number): Lists | undefined {
  const given = graphAttributes(node);
  const names = Object.keys(single).filter((name) => Array.isArray(given[name]));
  const lists: Lists = Object.fromEntries(names.map((name) => [name, given[name] as readonly number[]]));
  const kernel = opKey(node) === 'Conv' ? state.constantOf(node.inputs[1] ?? '')?.shape.slice(2) : lists['kernel_shape'];
  const isFitting = kernel?.length === rank && names.every((name) => lists[name]!.length === (name === 'pads' ? 2 : 1) * rank); // biome-ignore format: one condition
  return isFitting ? { kernel, ...lists } : undefined;
}

function Beside(at: number, lists: Lists): Expand {
  return (to) => {
    to.hasOutputs(0);
    const rank = to.shape(0).length;
    const perm = Array.from({ length: rank }, (_, d) => (d === 0 ? at : d === at ? 0 : d));
    const axes = to.integers(at);
    const image = to.add('Squeeze', [to.transpose(to.input(0), ...perm), axes]);
    const attributes = new Map(to.node.attributes);
    for (const name of attributes.keys()) {
      const list = lists[name];
      if (list !== undefined) attributes.set(name, { kind: 'numbers', value: list.filter((_, d) => d % (rank - 2) !== at - 2) }); // biome-ignore format: one condition
    }
    const weight = to.constant(1);
    const filters = weight && to.tensor(weight.type, weight.shape.filter((_, d) => d !== at), weight.data); // biome-ignore format: one expression
    const others = filters === undefined ? [] : [filters, ...to.node.inputs.slice(2)];
    const result = to.add(to.node.op, [image, ...others], attributes);
    to.give('Transpose', [to.add('Unsqueeze', [result, axes])], { perm });
  };
}

/** How windows are written as others, if they are over such a dimension. */
export function wideWindowForm(state: ImportState, node: OnnxNode): Expand | undefined {
  const name = node.inputs[0] ?? '';
  if (!ops.has(opKey(node)) || name === '' || state.unbatched.has(name)) return undefined;
  const layout = state.layouts.get(name) ?? usual;
  const shape = state.constantOf(name)?.shape ?? onnxShape(layout, state.shapeOf(name, node));
  const lists = shape[0] === 1 && shape.length > 2 ? listsOf(state, node, shape.length - 2) : undefined;
  if (lists === undefined) return undefined;
  const isSingle = (at: number): boolean =>
    Object.entries(lists).every(([key, list]) => list.every((value, d) => d % (shape.length - 2) !== at - 2 || value === (single[key] ?? 1))); // biome-ignore format: one expression
  const batch = shape.findIndex(dependsOnBatch);
  const wide = shape.length > 5 ? shape.findIndex((_, d) => d >= 2 && isSingle(d)) : -1;
  const at = batch < 0 ? wide : batch;
  const isMovable = at >= 2 && isSingle(at) && (batch < 0 || shape[batch] === batchEntry);
  return isMovable ? Beside(at, lists) : undefined;
}
