/**
 * An ONNX model as a graph of the planner's ops with its weights. Constants and the shape arithmetic of exporters are
 * computed here; ops that are a few of the planner's are written as those. Nothing is approximated: what has no exact
 * form is OP_UNSUPPORTED with op, node and opset, before any memory of a backend is taken.
 */
import { DiptychError, type GraphNode, isDiptychError, type ModelGraph, type Tensors } from '@diptych/plugin-kit/runtime';
import { countReaders, orderNodes } from '../graph/check-graph.ts';
import { graphInvalid, opUnsupported } from '../graph/graph-errors.ts';
import { sizeOf } from '../graph/shapes.ts';
import { checkOutputs, checkTypes } from './activation-types.ts';
import { checkItemNumbers, passItemNumbers } from './batch/item-numbers.ts';
import { isUsual, noBatch, onnxShape, usual } from './batch/layout.ts';
import { moveBatch } from './batch/move-batch.ts';
import { type Constant, decodeTensor, holdsBatch, isFloat, makeConstant } from './constant.ts';
import { withChannelsFirst } from './expand/channels-last.ts';
import { expandNode } from './expand/expand-table.ts';
import { inlineFunctions } from './expand/functions.ts';
import { capturedBy, instantiateGraph } from './expand/instantiate.ts';
import { asOpset11 } from './expand/older-opsets.ts';
import { BatchNormalization } from './fold/batch-normalization.ts';
import { bitwiseFolds } from './fold/bitwise.ts';
import { foldByPlan } from './fold/by-plan.ts';
import { elementwiseFolds } from './fold/elementwise.ts';
import { functionFolds } from './fold/functions.ts';
import { indexingFolds } from './fold/indexing.ts';
import { movementFolds } from './fold/movement.ts';
import { quantizationFolds } from './fold/quantization.ts';
import { reductionFolds } from './fold/reductions.ts';
import { Resize } from './fold/resize.ts';
import { Split } from './fold/split.ts';
import { windowFolds } from './fold/windows.ts';
import { fixedBatchOf, type ImportOptions, importInputs, isImageOfOne, recipesOf } from './import-inputs.ts';
import { ImportState } from './import-state.ts';
import { lowerIntegerSum, sumsIntegers } from './lower/integer-sums.ts';
import { LowerCall } from './lower/lower-call.ts';
import { lowerTable } from './lower/lower-table.ts';
import { lowerPair } from './lower/quantised-pairs.ts';
import { refusedOps } from './lower/refused.ts';
import { lowerUnbatched } from './lower/unbatched.ts';
import { FoldCall } from './node-call.ts';
import {
  type ElementType,
  elementTypes,
  type OnnxGraph,
  type OnnxModel,
  type OnnxNode,
  type OnnxValue,
  opKey,
} from './onnx-model.ts';

/** The opsets whose node tests this importer is run against; see docs/onnx-support.md. */
export const oldestOpset = 9;
export const newestOpset = 24;

const foldTable: Readonly<Record<string, (call: FoldCall) => Constant[]>> = {
  ...bitwiseFolds,
  ...elementwiseFolds,
  ...functionFolds,
  ...movementFolds,
  ...quantizationFolds,
  ...indexingFolds,
  ...reductionFolds,
  ...windowFolds,
  BatchNormalization,
  Resize,
  Split,
};

/** Ops that are computed at import where all their inputs are constants. */
export const foldableOps: ReadonlySet<string> = new Set(Object.keys(foldTable));

export interface ImportedModel {
  readonly graph: ModelGraph;
  readonly weights: Tensors;
}

/** Throws OP_UNSUPPORTED or GRAPH_INVALID. External data must have been read; see `resolveExternalData`. */
export function importOnnx(model: OnnxModel, options: ImportOptions = {}): ImportedModel {
  return withOpset(model, () => importModel(model, options));
}

function importModel(file: OnnxModel, options: ImportOptions): ImportedModel {
  if (file.opset < oldestOpset || file.opset > newestOpset) {
    throw opUnsupported(
      { name: file.name, op: 'graph' },
      `opset ${file.opset}; ${oldestOpset} to ${newestOpset} are implemented`,
    );
  }
  const model = withChannelsFirst(asOpset11(inlineFunctions(withoutStrings(file))), recipesOf(file, options));
  const nodes = liveNodes(model);
  const names = new Set(model.nodes.flatMap((node) => [node.name, ...node.inputs, ...node.outputs]));
  const constants = new Map(
    model.initializers.map((tensor) => [tensor.name, decodeTensor(tensor, `Tensor "${tensor.name}"`)]),
  );
  const state = new ImportState(
    model.opset,
    importInputs(model, options),
    constants,
    options.items === 'graph' ? undefined : fixedBatchOf(model),
    names,
    options.quantisation,
  );
  state.isOneItem = options.items === 'graph';
  if (state.isOneItem) for (const input of model.inputs) asWhole(state, input);
  state.inIntegers = options.inIntegers === true && state.mode === 'as-written';
  for (const { name, type } of model.inputs) {
    const known = (elementTypes as Readonly<Record<number, ElementType>>)[type ?? 0];
    if (known !== undefined && !isFloat(known)) state.setType(name, known);
  }
  const readers = countReaders(
    nodes.map(skeletonOf),
    model.outputs.map(({ name }) => name),
  );
  const outputs = new Set(model.outputs.map(({ name }) => name));
  for (const node of nodes) importNode(state, node, (name) => (readers.get(name) ?? 0) > 0, outputs);
  checkOutputs(state, outputs);
  checkItemNumbers(state, outputs);
  for (const name of outputs)
    if (state.empty.has(name)) throw opUnsupported({ name, op: 'output' }, 'a result that holds nothing');
    else if (state.layouts.has(name) && !state.isOneItem)
      throw opUnsupported({ name, op: 'output' }, 'a result whose first dimension is not the batch');
  const whole = [...outputs].filter((name) => state.types.has(name));
  const graph = { name: model.name, inputs: state.inputs, nodes: state.nodes, outputs: [...outputs], ...(whole.length > 0 && { wholeOutputs: whole }) }; // biome-ignore format: one graph
  for (const output of outputs)
    if (constants.has(output)) throw graphInvalid(`Graph "${model.name}"`, `output "${output}" is a constant.`);
  return { graph, weights: Object.fromEntries(state.weights) };
}

/** An input without a batch; a prepared image gets the batch of one that the file gives it. */
function asWhole(state: ImportState, input: OnnxValue): void {
  const { name } = input;
  state.layouts.set(name, noBatch);
  const given = state.inputs.find((other) => other.name === name);
  if (given?.recipe === undefined || !isImageOfOne(input)) return;
  const [target, whole] = [state.freshName(`${name}/shape`), state.freshName(`${name}/whole`)];
  state.constants.set(target, makeConstant('float32', [5], [0, 1, ...given.shape], target));
  state.write({ name, op: 'input' }, 'Reshape', [name, target], whole, {}, whole);
  state.alias(name, whole);
}

/** Outputs that are strings, labels beside their scores, are left out where there are others. */
function withoutStrings(file: OnnxModel): OnnxModel {
  const outputs = file.outputs.filter(({ type }) => type !== 8);
  return outputs.length === 0 ? file : { ...file, outputs };
}

/** What a node reads and writes; the values that its bodies read are read by it. */
const skeletonOf = (node: OnnxNode): GraphNode => {
  const { name, op, inputs, outputs } = node;
  return { name, op, inputs: [...inputs, ...capturedBy(node)], outputs };
};

/** The outputs of a model that needs no input: what folding computes. For tests. */
export function foldOnnx(file: OnnxModel): readonly Constant[] {
  const model = asOpset11(file);
  const constants = new Map(
    model.initializers.map((tensor) => [tensor.name, decodeTensor(tensor, `Tensor "${tensor.name}"`)]),
  );
  const state = new ImportState(model.opset, [], constants, undefined, new Set());
  for (const node of liveNodes(model)) importNode(state, node, () => true, new Set());
  return model.outputs.map(({ name }) => constants.get(name)!);
}

/** The nodes that the outputs need, in running order; unknown names, double definitions and cycles are GRAPH_INVALID. */
function orderedNodes(graph: OnnxGraph, outside: readonly string[]): OnnxNode[] {
  const names = [...outside, ...graph.initializers.map(({ name }) => name)];
  const reserved = [...names, ...graph.outputs.map(({ name }) => name)].find((name) => name === '' || name === '__proto__');
  if (reserved !== undefined)
    throw graphInvalid(`Graph "${graph.name}"`, `an input, output or tensor is called "${reserved}".`);
  const byName = new Map(graph.nodes.map((node) => [node.name, node]));
  const skeleton = {
    name: graph.name,
    inputs: names.map((name) => ({ name, shape: [1] })),
    nodes: graph.nodes.map(skeletonOf),
    outputs: graph.outputs.map(({ name }) => name),
  };
  return orderNodes(skeleton, {}).map(({ name }) => byName.get(name)!);
}

const liveNodes = (model: OnnxModel): OnnxNode[] =>
  orderedNodes(
    model,
    model.inputs.map(({ name }) => name),
  );

/** The node without inputs that hold nothing, which a Concat may have; for all other ops there is nothing to compute with. */
function withoutEmpty(state: ImportState, node: OnnxNode): OnnxNode {
  if (!node.inputs.some((name) => state.empty.has(name))) return node;
  const inputs = node.inputs.filter((name) => !state.empty.has(name));
  if (node.op !== 'Concat' || inputs.length === 0) throw opUnsupported(node, 'a value that holds nothing');
  return { ...node, inputs };
}

function importNode(
  state: ImportState,
  given: OnnxNode,
  isRead: (name: string) => boolean,
  graphOutputs: ReadonlySet<string>,
): void {
  const node = withoutEmpty(state, given);
  const key = opKey(node);
  if (key === 'If') {
    importBranch(state, node, graphOutputs);
    return;
  }
  // Of constants it has a fold, which takes a fraction of the work and memory of the ops that it stands for.
  const isFolded = key === 'BatchNormalization' && node.inputs.every((name) => state.constantOf(name) !== undefined);
  const expanded = isFolded ? undefined : expandNode(state, node, isRead);
  if (expanded !== undefined) {
    for (const part of expanded) importNode(state, part, () => true, graphOutputs);
    return;
  }
  const inputs = node.inputs.map((name) => (name === '' ? undefined : state.constantOf(name)));
  const isConstant = node.inputs.every((name, index) => name === '' || inputs[index] !== undefined);
  if (isConstant && !makesItems(node, inputs)) {
    fold(state, node, inputs, isRead);
    return;
  }
  if (node.op === 'Shape' || node.op === 'Size') {
    state.constants.set(node.outputs[0] ?? '', shapeConstant(state, node));
    return;
  }
  if (Object.hasOwn(refusedOps, key)) throw opUnsupported(node, refusedOps[key]!);
  const moved = moveBatch(state, node);
  // What stands for the node gives values of its own, which are read.
  const isReadHere = (name: string): boolean => isRead(name) || !node.outputs.includes(name);
  for (const part of moved?.nodes ?? [node]) lowerNode(state, part, isReadHere, graphOutputs);
  if (moved !== undefined && !isUsual(moved.layout))
    for (const output of node.outputs) if (!state.unbatched.has(output)) state.layouts.set(output, moved.layout);
  passItemNumbers(state, node);
}

function lowerNode(
  state: ImportState,
  node: OnnxNode,
  isRead: (name: string) => boolean,
  graphOutputs: ReadonlySet<string>,
): void {
  const key = opKey(node);
  const lower = Object.hasOwn(lowerTable, key) ? lowerTable[key] : undefined;
  if (lower === undefined) throw opUnsupported(node, missingOp(node, key));
  if ((node.outputs[0] ?? '') === '') throw graphInvalid(node, 'it has no first output.');
  checkTypes(state, node, key);
  const call = new LowerCall(node, state, isRead);
  const asFloats = (part: OnnxNode): void => lower(new LowerCall(part, state, isRead));
  if (!lowerUnbatched(call)) {
    if (lowerPair(call, asFloats)) return;
    if (sumsIntegers(state, node)) lowerIntegerSum(call, asFloats);
    else lower(call);
  }
  skipIdentity(state, graphOutputs);
}

/** What is not implemented, and what to do where a tool or a choice of its user put the op there. */
function missingOp({ op, domain }: OnnxNode, key: string): string {
  if (domain === 'com.microsoft.nchwc')
    return 'onnxruntime wrote it for the CPU that it ran on (optimisation level "all"), and no other runtime reads that; give the file before this optimisation, or one of level "extended"';
  const list = Object.keys(lowerTable).filter((name) => !name.includes('.')).toSorted().join(', '); // biome-ignore format: one list
  return `the op${key === op ? '' : ` of domain "${domain}"`} is not implemented${key === op ? `; implemented are ${list}` : ''}`;
}

/** An If whose condition import knows, as exporters write them for shapes: the nodes of the branch that is taken. */
function importBranch(state: ImportState, node: OnnxNode, graphOutputs: ReadonlySet<string>): void {
  const condition = state.constantOf(node.inputs[0] ?? '');
  if (condition === undefined) throw opUnsupported(node, 'its condition is computed, only one that is known at import is implemented'); // biome-ignore format: one condition
  const attribute = node.attributes.get(condition.data[0] === 0 ? 'else_branch' : 'then_branch');
  if (attribute?.kind !== 'graph') throw graphInvalid(node, 'it lacks a branch.');
  const branch = instantiateGraph(attribute.value, { prefix: `branch#${state.branches++}/`, map: new Map() }, state.budget);
  if (branch.inputs.length > 0 || branch.outputs.length < node.outputs.length)
    throw graphInvalid(node, 'a branch must have no inputs and as many outputs as the node.');
  const captured = capturedBy({ ...node, attributes: new Map([['taken', { kind: 'graph', value: branch }]]) });
  for (const tensor of branch.initializers)
    state.constants.set(tensor.name, decodeTensor(tensor, `Tensor "${tensor.name}"`));
  for (const inner of orderedNodes(branch, [...captured])) {
    const taken = inner.outputs.find((name) => state.isTaken(name));
    if (taken !== undefined) throw graphInvalid(node, `the name "${taken}" is taken.`);
    importNode(state, inner, () => true, graphOutputs);
  }
  for (const [index, output] of node.outputs.entries()) if (output !== '') joinNames(state, node, branch.outputs[index]!.name, output, graphOutputs); // biome-ignore format: one loop
}

/** The value `source` under another name as well. */
function joinNames(
  state: ImportState,
  node: OnnxNode,
  source: string,
  name: string,
  graphOutputs: ReadonlySet<string>,
): void {
  const constant = state.constantOf(source);
  if (constant !== undefined) {
    state.constants.set(name, constant);
    return;
  }
  state.copyMarks(source, name);
  state.write(node, 'Identity', [source], name, {}, state.freshName(`${node.name}/Identity`));
  skipIdentity(state, graphOutputs);
}

function fold(
  state: ImportState,
  node: OnnxNode,
  inputs: readonly (Constant | undefined)[],
  isRead: (name: string) => boolean,
): void {
  const key = opKey(node).replace(/^com\.microsoft\.(De)?[Qq]uantizeLinear$/, node.op);
  const compute = Object.hasOwn(foldTable, key) ? foldTable[key] : undefined;
  if (compute === undefined && Object.hasOwn(refusedOps, key)) throw opUnsupported(node, refusedOps[key]!);
  const lower = (inner: ImportState): void => importNode(inner, node, isRead, new Set(node.outputs));
  const results = compute
    ? compute(new FoldCall(node, state.opset, inputs, (numbers) => state.spendFolded(numbers, node)))
    : foldByPlan(state, node, inputs, lower);
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
function shapeConstant(state: ImportState, node: OnnxNode): Constant {
  const call = new FoldCall(node, state.opset, []);
  const shape = onnxShape(state.layouts.get(node.inputs[0]!) ?? usual, state.shapeOf(node.inputs[0]!, node));
  const part = shape.slice(call.attributes.number('start', 0), call.attributes.number('end', shape.length));
  call.attributes.finish();
  if (node.op === 'Size') return { type: 'int64', shape: [], data: Float64Array.of(sizeOf(shape)) };
  return { type: 'int64', shape: [part.length], data: Float64Array.from(part) };
}

/** Constants expanded to the number of items are activations, the same for every item; so are the numbers of items. */
function makesItems({ op }: OnnxNode, inputs: readonly (Constant | undefined)[]): boolean {
  const isSecond = op === 'Expand' || op === 'Tile' || op === 'Range';
  const shape = isSecond ? inputs[1] : op === 'ConstantOfShape' ? inputs[0] : undefined;
  return shape !== undefined && holdsBatch(shape);
}

/** An Identity just written is replaced by its input, unless it carries the name of an output of the graph. */
function skipIdentity(state: ImportState, graphOutputs: ReadonlySet<string>): void {
  const last = state.nodes.at(-1);
  if (last?.op !== 'Identity' || graphOutputs.has(last.outputs[0]!)) return;
  state.nodes.pop();
  state.alias(last.outputs[0]!, last.inputs[0]!);
}

/** Runs `work` on a model and adds the opset to what it refuses: ops mean different things in different opsets. */
export function withOpset<T>(model: OnnxModel, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!isDiptychError(error) || error.code !== 'OP_UNSUPPORTED' || 'opset' in error.details) throw error;
    throw new DiptychError('OP_UNSUPPORTED', `${error.message} The file uses opset ${model.opset}.`, {
      details: { ...error.details, opset: model.opset },
      cause: error.cause,
    });
  }
}
