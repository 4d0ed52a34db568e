/**
 * An ONNX model as a graph of the planner's ops with its weights. Constants and the shape arithmetic of exporters are
 * computed here; ops that are a few of the planner's are written as those. Nothing is approximated: what has no exact
 * form is OP_UNSUPPORTED with op, node and opset, before any memory of a backend is taken.
 */
import { DiptychError, isDiptychError, type ModelGraph, type Tensors } from '@diptych/plugin-kit/runtime';
import { countReaders } from '../graph/check-graph.ts';
import { graphInvalid, itemsTogether, opUnsupported } from '../graph/graph-errors.ts';
import { checkOutputs, withFloatTests } from './activation-types.ts';
import { checkItemNumbers } from './batch/item-numbers.ts';
import { noBatch } from './batch/layout.ts';
import { decodeTensor, isFloat, makeConstant } from './constant.ts';
import { withChannelsFirst } from './expand/channels-last.ts';
import { inlineFunctions } from './expand/functions.ts';
import { asOpset11 } from './expand/older-opsets.ts';
import { fixedBatchOf, type ImportOptions, importInputs, isImageOfOne, recipesOf } from './import-inputs.ts';
import { importNode } from './import-node.ts';
import type { ImportOps } from './import-ops.ts';
import { ImportState } from './import-state.ts';
import { liveNodes, skeletonOf } from './node-order.ts';
import { elementTypeOf, type OnnxModel, type OnnxValue } from './onnx-model.ts';

/** The opsets whose node tests this importer is run against; see docs/onnx-support.md. */
export const oldestOpset = 7;
export const newestOpset = 28;

export interface ImportedModel {
  readonly graph: ModelGraph;
  readonly weights: Tensors;
}

/** Throws OP_UNSUPPORTED or GRAPH_INVALID. External data must have been read; see `resolveExternalData`. */
export function importModel(file: OnnxModel, options: ImportOptions, ops: ImportOps): ImportedModel {
  if (file.opset < oldestOpset || file.opset > newestOpset) {
    throw opUnsupported(
      { name: file.name, op: 'graph' },
      `opset ${file.opset}; ${oldestOpset} to ${newestOpset} are implemented`,
    );
  }
  const model = withChannelsFirst(
    withFloatTests(asOpset11(inlineFunctions(withoutStrings(file)))),
    recipesOf(file, options),
  );
  const nodes = liveNodes(model);
  const names = new Set(model.nodes.flatMap((node) => [node.name, ...node.inputs, ...node.outputs]));
  const constants = new Map(
    model.initializers.map((tensor) => [tensor.name, decodeTensor(tensor, `Tensor "${tensor.name}"`)]),
  );
  const state = new ImportState(
    ops,
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
    const known = elementTypeOf(type ?? 0);
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
    if (state.lists.has(name)) throw opUnsupported({ name, op: 'output' }, 'a list of tensors');
    else if (state.empty.has(name)) throw opUnsupported({ name, op: 'output' }, 'a result that holds nothing');
    else if (state.layouts.has(name) && !state.isOneItem && !isBatchBehindOnes(state, name))
      throw opUnsupported({ name, op: 'output' }, `a result whose first dimension is not the batch. ${itemsTogether}`);
  const whole = [...outputs].filter((name) => state.types.has(name));
  const graph = { name: model.name, inputs: state.inputs, nodes: state.nodes, outputs: [...outputs], ...(whole.length > 0 && { wholeOutputs: whole }) }; // biome-ignore format: one graph
  for (const output of outputs)
    if (constants.has(output))
      throw graphInvalid(`Graph "${model.name}"`, `output "${output}" is a constant. Ask for the others (\`outputs\`).`);
  return { graph, weights: Object.fromEntries(state.weights) };
}

/** Items of `[1, batch, …]`, as labels of discriminant analysis are, follow each other as those of `[batch, 1, …]` do. */
function isBatchBehindOnes(state: ImportState, name: string): boolean {
  const { axis, before, after } = state.layouts.get(name)!;
  const item = state.shapeOf(name, { name, op: 'output' });
  return before + after === 0 && item.slice(0, axis).every((size) => size === 1);
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

const isString = 8;

/** Outputs that are strings, labels beside their scores, are left out where there are others, and with them names that only they need. */
function withoutStrings(file: OnnxModel): OnnxModel {
  const outputs = file.outputs.filter(({ type }) => type !== isString);
  if (outputs.length === 0) return file;
  if (!file.initializers.some(({ type }) => type === isString)) return { ...file, outputs };
  const read = new Set(liveNodes({ ...file, outputs }).flatMap((node) => skeletonOf(node).inputs));
  const initializers = file.initializers.filter(({ name, type }) => type !== isString || read.has(name));
  return { ...file, outputs, initializers };
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
