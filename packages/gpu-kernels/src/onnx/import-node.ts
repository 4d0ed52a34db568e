/** One node of the file: expanded, folded, moved or lowered, whichever it needs. */
import { graphInvalid, opUnsupported } from '../graph/graph-errors.ts';
import { checkTypes } from './activation-types.ts';
import { passItemNumbers } from './batch/item-numbers.ts';
import { isUsual } from './batch/layout.ts';
import { foldNode, makesItems, shapeConstant } from './fold/fold-node.ts';
import type { ImportState } from './import-state.ts';
import { LowerCall } from './lower/lower-call.ts';
import { refusedOps } from './lower/refused.ts';
import { withSharedRows } from './lower/shared-rows.ts';
import { type OnnxNode, opKey } from './onnx-model.ts';

/** The node without inputs that hold nothing, which a Concat may have; for all other ops there is nothing to compute with. */
function withoutEmpty(state: ImportState, node: OnnxNode): OnnxNode {
  if (!node.inputs.some((name) => state.empty.has(name))) return node;
  const inputs = node.inputs.filter((name) => !state.empty.has(name));
  if (node.op !== 'Concat' || inputs.length === 0) throw opUnsupported(node, 'a value that holds nothing');
  return { ...node, inputs };
}

export function importNode(
  state: ImportState,
  given: OnnxNode,
  isRead: (name: string) => boolean,
  graphOutputs: ReadonlySet<string>,
): void {
  const node = withoutEmpty(state, given);
  const key = opKey(node);
  state.ops.admit(state, node);
  if (Object.hasOwn(state.ops.bodies, key)) {
    const write = (inner: OnnxNode): void => importNode(state, inner, () => true, graphOutputs);
    const join = (source: string, name: string): void => joinNames(state, node, source, name, graphOutputs);
    state.ops.bodies[key]!({ state, node, isRead, write, join });
    return;
  }
  // Of constants they have a fold, which takes a fraction of the work and memory of the ops that they stand for.
  const isFolded =
    (key === 'BatchNormalization' || key === 'CumProd') && node.inputs.every((name) => state.constantOf(name) !== undefined);
  const expanded = isFolded ? undefined : state.ops.expand(state, node, isRead);
  if (expanded !== undefined) {
    for (const part of expanded) importNode(state, part, () => true, graphOutputs);
    return;
  }
  const inputs = node.inputs.map((name) => (name === '' ? undefined : state.constantOf(name)));
  const isConstant = node.inputs.every((name, index) => name === '' || inputs[index] !== undefined);
  if (isConstant && !makesItems(node, inputs)) {
    foldNode(state, node, inputs, isRead, (inner) => importNode(inner, node, isRead, new Set(node.outputs)));
    return;
  }
  if (node.op === 'Shape' || node.op === 'Size') {
    state.constants.set(node.outputs[0] ?? '', shapeConstant(state, node));
    return;
  }
  if (Object.hasOwn(refusedOps, key)) throw opUnsupported(node, refusedOps[key]!);
  // An op that there is not is refused as such, not for where the batch lies in it.
  state.ops.lower(node, key);
  const moved = state.ops.move(state, node);
  // What stands for the node gives values of its own, which are read.
  const isReadHere = (name: string): boolean => isRead(name) || !node.outputs.includes(name);
  for (const part of moved?.nodes ?? [node]) lowerNode(state, part, isReadHere, graphOutputs);
  if (moved !== undefined && !isUsual(moved.layout))
    for (const output of node.outputs) if (!state.unbatched.has(output)) state.layouts.set(output, moved.layout);
  passItemNumbers(state, node);
}

function lowerNode(
  state: ImportState,
  given: OnnxNode,
  isRead: (name: string) => boolean,
  graphOutputs: ReadonlySet<string>,
): void {
  const node = withSharedRows(state, given);
  const key = opKey(node);
  const lower = state.ops.lower(node, key);
  if ((node.outputs[0] ?? '') === '') throw graphInvalid(node, 'it has no first output.');
  checkTypes(state, node, key);
  const call = new LowerCall(node, state, isRead);
  const asFloats = (part: OnnxNode): void => lower(new LowerCall(part, state, isRead));
  if (!state.ops.lowerMarked(call, asFloats)) lower(call);
  skipIdentity(state, graphOutputs);
}

/** The value `source` under another name as well. */
function joinNames(
  state: ImportState,
  node: OnnxNode,
  source: string,
  name: string,
  graphOutputs: ReadonlySet<string>,
): void {
  const [constant, list] = [state.constantOf(source), state.lists.get(source)];
  if (constant !== undefined) state.constants.set(name, constant);
  else if (list !== undefined) state.lists.set(name, list);
  else if (state.empty.has(source)) state.empty.add(name);
  else {
    state.copyMarks(source, name);
    state.write(node, 'Identity', [source], name, {}, state.freshName(`${node.name}/Identity`));
    skipIdentity(state, graphOutputs);
  }
}

/** An Identity just written is replaced by its input, unless it carries the name of an output of the graph. */
function skipIdentity(state: ImportState, graphOutputs: ReadonlySet<string>): void {
  const last = state.nodes.at(-1);
  if (last?.op !== 'Identity' || graphOutputs.has(last.outputs[0]!)) return;
  state.nodes.pop();
  state.alias(last.outputs[0]!, last.inputs[0]!);
}
