/** Nodes whose inputs are all constants, and shapes of activations: computed at import. */
import { opUnsupported } from '../../graph/graph-errors.ts';
import { sizeOf } from '../../graph/shapes.ts';
import { onnxShape, usual } from '../batch/layout.ts';
import { type Constant, holdsBatch } from '../constant.ts';
import type { ImportState } from '../import-state.ts';
import { refusedOps } from '../lower/refused.ts';
import { FoldCall } from '../node-call.ts';
import { type OnnxNode, opKey } from '../onnx-model.ts';

export type Fold = (call: FoldCall) => Constant[];

/** What computes a node whose inputs are all constants. */
export interface Folds {
  readonly table: Readonly<Record<string, Fold>>;
  /** Ops without a fold of their own. `lower` imports the node as any other. */
  readonly others: (
    state: ImportState,
    node: OnnxNode,
    inputs: readonly (Constant | undefined)[],
    lower: (inner: ImportState) => void,
  ) => Constant[];
}

/** Writes what a node on constants gives as constants. `lower` imports it as any other node, where it has no fold of its own. */
export function foldNode(
  state: ImportState,
  node: OnnxNode,
  inputs: readonly (Constant | undefined)[],
  isRead: (name: string) => boolean,
  lower: (inner: ImportState) => void,
): void {
  const key = opKey(node).replace(/^com\.microsoft\.(De)?[Qq]uantizeLinear$/, node.op);
  const { table, others } = state.ops.folds;
  const compute = Object.hasOwn(table, key) ? table[key] : undefined;
  if (compute === undefined && Object.hasOwn(refusedOps, key)) throw opUnsupported(node, refusedOps[key]!);
  const results = compute
    ? compute(new FoldCall(node, state.opset, inputs, (numbers) => state.spendFolded(numbers, node)))
    : others(state, node, inputs, lower);
  const extra = node.outputs.slice(results.length).find((name) => name !== '' && isRead(name));
  if (extra !== undefined) throw opUnsupported(node, `output "${extra}" of an op on constants`);
  if (node.op === 'DequantizeLinear') {
    const [x, scale, zeroPoint] = inputs;
    const axis = node.attributes.get('axis')?.value ?? 1;
    const isBlocked = (node.attributes.get('block_size')?.value ?? 0) !== 0;
    if (typeof axis === 'number' && !isBlocked && scale!.shape.length <= 1)
      state.dequantizedConstants.set(node.outputs[0] ?? '', {
        x: x!,
        scales: scale!.data,
        zeroPoints: zeroPoint?.data,
        axis,
      });
  }
  const [{ data, shape }] = results as [Constant];
  const isMoved = inputs.some((input) => input?.data.buffer === data.buffer);
  // Loops take longer for each dimension.
  if (!isMoved) state.spendFolded(data.length * Math.max(1, shape.length - 3), node);
  for (const [index, result] of results.entries()) state.constants.set(node.outputs[index] ?? '', result);
}

/** Shape or size of an activation; the batch is `batchEntry`. */
export function shapeConstant(state: ImportState, node: OnnxNode): Constant {
  const call = new FoldCall(node, state.opset, []);
  const shape = onnxShape(state.layouts.get(node.inputs[0]!) ?? usual, state.shapeOf(node.inputs[0]!, node));
  const part = shape.slice(call.attributes.number('start', 0), call.attributes.number('end', shape.length));
  call.attributes.finish();
  if (node.op === 'Size') return { type: 'int64', shape: [], data: Float64Array.of(sizeOf(shape)) };
  return { type: 'int64', shape: [part.length], data: Float64Array.from(part) };
}

/** Constants expanded to the number of items are activations, the same for every item; so are the numbers of items. */
export function makesItems({ op }: OnnxNode, inputs: readonly (Constant | undefined)[]): boolean {
  const isSecond = op === 'Expand' || op === 'Tile' || op === 'Range';
  const shape = isSecond ? inputs[1] : op === 'ConstantOfShape' ? inputs[0] : undefined;
  return shape !== undefined && holdsBatch(shape);
}
