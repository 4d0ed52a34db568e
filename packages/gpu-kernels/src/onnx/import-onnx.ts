/** A whole file with the tables of all ops at once: for tests and tools. `plan-onnx.ts` loads what a file needs. */
import { allOps } from './all-ops.ts';
import { type Constant, decodeTensor } from './constant.ts';
import { asOpset11 } from './expand/older-opsets.ts';
import type { ImportOptions } from './import-inputs.ts';
import { type ImportedModel, importModel, withOpset } from './import-model.ts';
import { importNode } from './import-node.ts';
import { ImportState } from './import-state.ts';
import { liveNodes } from './node-order.ts';
import type { OnnxModel } from './onnx-model.ts';

/** Throws OP_UNSUPPORTED or GRAPH_INVALID. External data must have been read; see `resolveExternalData`. */
export function importOnnx(model: OnnxModel, options: ImportOptions = {}): ImportedModel {
  return withOpset(model, () => importModel(model, options, allOps));
}

/** The outputs of a model that needs no input: what folding computes. */
export function foldOnnx(file: OnnxModel): readonly Constant[] {
  const model = asOpset11(file);
  const constants = new Map(
    model.initializers.map((tensor) => [tensor.name, decodeTensor(tensor, `Tensor "${tensor.name}"`)]),
  );
  const state = new ImportState(allOps, model.opset, [], constants, undefined, new Set());
  for (const node of liveNodes(model)) importNode(state, node, () => true, new Set());
  return model.outputs.map(({ name }) => constants.get(name)!);
}
