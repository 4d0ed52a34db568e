/**
 * Constants that a file of several items repeats for each of them, as a class token that was expanded before it was joined to the
 * tokens. They are given once, so that the file runs for any number of items.
 */
import { sameForEach } from '../batch/same-for-each.ts';
import { makeConstant } from '../constant.ts';
import type { ImportState } from '../import-state.ts';
import type { OnnxNode } from '../onnx-model.ts';

/** Ops whose constants have the batch first where they have as many dimensions as the values. */
const perItem: ReadonlySet<string> = new Set([
  'Add', 'And', 'Concat', 'Div', 'Equal', 'GatherElements', 'GatherND', 'Greater', 'GreaterOrEqual', 'GridSample', 'Less', 'LessOrEqual',
  'MatMul', 'Max', 'Mean', 'Min', 'Mod', 'Mul', 'Or', 'Pow', 'ScatterElements', 'Sub', 'Sum', 'Where', 'Xor',
]); // biome-ignore format: a list
/** Of these, those whose constants may have other dimensions than the values. */
const ofAnyRank: ReadonlySet<string> = new Set(['GatherND', 'GridSample']);

/** The node with one row of each constant that has the same for all items. */
export function withSharedRows(state: ImportState, node: OnnxNode): OnnxNode {
  const { fixedBatch } = state;
  if (fixedBatch === undefined || fixedBatch < 2 || state.isOneItem || !perItem.has(node.op) || node.domain !== '')
    return node;
  const values = node.inputs.filter((name) => name !== '' && state.constantOf(name) === undefined);
  if (values.length === 0 || values.some((name) => state.layouts.has(name) || state.unbatched.has(name))) return node;
  const rank = 1 + Math.max(...values.map((name) => state.shapeOf(name, node).length));
  const inputs = node.inputs.map((name) => {
    const constant = name === '' ? undefined : state.constantOf(name);
    if (constant?.shape[0] !== fixedBatch || (constant.shape.length !== rank && !ofAnyRank.has(node.op))) return name;
    const { type, shape, data } = constant;
    const one = data.length === 0 ? undefined : sameForEach(data, fixedBatch, data.length / fixedBatch);
    if (one === undefined) return name;
    const row = state.freshName(`${name}/row`);
    state.constants.set(row, makeConstant(type, [1, ...shape.slice(1)], one, row));
    return row;
  });
  return { ...node, inputs };
}
