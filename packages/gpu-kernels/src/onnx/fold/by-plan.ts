/**
 * Ops on constants that have no fold of their own: planned like any other and computed by the reference, so that no second
 * arithmetic can disagree. Exporters leave such to the runtime: layers on learned queries, norms of tables of positions.
 */
import { computePlan } from '../../backends/reference/compute-plan.ts';
import { flopsOf } from '../../graph/flops.ts';
import { graphInvalid, itemsTogether, opUnsupported } from '../../graph/graph-errors.ts';
import { planGraph } from '../../graph/planner.ts';
import { sizeOf } from '../../graph/shapes.ts';
import { noBatch } from '../batch/layout.ts';
import { type Constant, holdsBatch, isFloat, makeConstant } from '../constant.ts';
import { ImportState } from '../import-state.ts';
import { type OnnxNode, opKey } from '../onnx-model.ts';

/** Ops whose first dimension is a batch in ONNX already. Others are computed as one item. */
const ofBatches: ReadonlySet<string> = new Set([
  'AveragePool', 'BatchNormalization', 'Conv', 'ConvInteger', 'ConvTranspose', 'DepthToSpace', 'GlobalAveragePool', 'GlobalLpPool',
  'GlobalMaxPool', 'GridSample', 'GroupNormalization', 'InstanceNormalization', 'LRN', 'LpPool', 'MaxPool', 'QLinearConv', 'SpaceToDepth',
]); // biome-ignore format: a list

/** An operation of a product (two a multiply-accumulate) or a number of the reference takes as long as so many folded numbers: some 10 and 50 ns. */
const slowness = { operation: 2, number: 10 };

export function foldByPlan(
  outer: ImportState,
  node: OnnxNode,
  inputs: readonly (Constant | undefined)[],
  lower: (inner: ImportState) => void,
): Constant[] {
  const [x] = inputs;
  if (x === undefined)
    throw opUnsupported(node, 'all its inputs are constants, and it is not one of the ops that import computes');
  if (inputs.some((constant) => constant !== undefined && holdsBatch(constant)))
    throw opUnsupported(node, `arithmetic with the number of items of the batch. ${itemsTogether}`);
  if (x.data.some((value) => Math.fround(value) !== value && !Number.isNaN(value)))
    throw opUnsupported(node, `${x.type} numbers of a constant that float32 does not hold`);
  const isBatch = ofBatches.has(opKey(node)) && x.shape.length > 1;
  const name = node.inputs[0]!;
  const rest = node.inputs.flatMap((other, index) => (other === name || inputs[index] === undefined ? [] : [[other, inputs[index]] as const])); // biome-ignore format: one expression
  const given = { name, shape: isBatch ? x.shape.slice(1) : x.shape };
  if (sizeOf(x.shape) === 0) throw opUnsupported(node, 'an empty constant');
  const inner = new ImportState(
    outer.ops,
    outer.opset,
    [given],
    new Map(rest),
    undefined,
    new Set([...node.inputs, ...node.outputs, node.name]),
  );
  inner.folded = outer.folded;
  inner.isOneItem = !isBatch;
  if (!isBatch) inner.layouts.set(name, noBatch);
  if (!isFloat(x.type)) inner.setType(name, x.type);
  lower(inner);
  return computed(inner, node, x, isBatch ? x.shape[0]! : 1);
}

function computed(inner: ImportState, node: OnnxNode, x: Constant, items: number): Constant[] {
  const known = node.outputs.map((output) => inner.constants.get(output));
  const outputs = node.outputs.filter((output, index) => output !== '' && known[index] === undefined);
  if (outputs.length !== node.outputs.length) throw graphInvalid(node, 'its outputs do not depend on its first input.');
  const graph = { name: node.name, inputs: inner.inputs, nodes: inner.nodes, outputs };
  const { plan, weights } = planGraph(graph, Object.fromEntries(inner.weights), items);
  for (const step of plan.steps)
    inner.spendFolded(items * (slowness.operation * flopsOf(step, plan) + slowness.number * sizeOf(plan.values[step.output]!.shape)), node); // biome-ignore format: one call
  const [input] = inner.inputs;
  const results = computePlan(plan, weights, {
    [input!.name]: { shape: [items, ...input!.shape], data: Float32Array.from(x.data) },
  });
  return outputs.map((output) => {
    const { shape, data } = results[output]!;
    const type = inner.types.get(output) ?? (isFloat(x.type) ? x.type : 'float32');
    return makeConstant(type, inner.isOneItem ? shape.slice(1) : shape, data, `Node "${node.name}" (${node.op})`);
  });
}
