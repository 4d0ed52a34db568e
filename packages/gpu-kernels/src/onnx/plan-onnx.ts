/** Bytes of an ONNX file → a plan with its weights, and what a caller must know of its inputs and outputs. */
import type { GraphInput, ModelValue, OnnxOptions } from '@diptych/plugin-kit';
import { type PlannedGraph, planGraph } from '../graph/planner.ts';
import { resolveExternalData } from './external-data.ts';
import type { ImportOptions } from './import-inputs.ts';
import { type ImportedModel, importModel, withOpset } from './import-model.ts';
import { NeedsAllOps } from './import-ops.ts';
import { lastActivations } from './last-activation.ts';
import type { OnnxModel } from './onnx-model.ts';
import { readOnnxModel } from './read/read-onnx-model.ts';
import { withOutputs } from './wanted-outputs.ts';

export interface PlannedOnnx {
  readonly planned: PlannedGraph;
  readonly inputs: readonly GraphInput[];
  readonly outputs: readonly ModelValue[];
}

/** Throws OP_UNSUPPORTED or GRAPH_INVALID; takes no memory of a backend. */
export async function planOnnx(bytes: Uint8Array, options: OnnxOptions, inIntegers = false): Promise<PlannedOnnx> {
  const model = readOnnxModel(bytes);
  return planModel(options.name === undefined ? model : { ...model, name: options.name }, options, inIntegers);
}

/** `inIntegers`: products of QDQ files have sums of integers, for a backend that multiplies those faster than floats. */
export async function planModel(model: OnnxModel, options: OnnxOptions, inIntegers = false): Promise<PlannedOnnx> {
  const read = options.readExternal === undefined ? undefined : (path: string) => options.readExternal!(path);
  const complete = await resolveExternalData(withOutputs(model, options.outputs), read);
  const { graph, weights } = await importWithFewest(complete, { ...options, inIntegers });
  const planned = withOpset(model, () => planGraph(graph, weights, options.batch));
  const ends = lastActivations(model);
  const outputs = Object.entries(planned.plan.outputs).map(([name, { shape }]) => {
    const activation = ends.get(name);
    return { name, shape, ...(activation && { activation }) };
  });
  return { planned, inputs: graph.inputs, outputs };
}

/** A file of common ops loads the modules of those alone. What needs more begins anew with all, so that these have the last word. */
async function importWithFewest(model: OnnxModel, options: ImportOptions): Promise<ImportedModel> {
  const { commonOps, isCommon } = await import('./common-ops.ts');
  try {
    if (isCommon(model)) return withOpset(model, () => importModel(model, options, commonOps));
  } catch (error) {
    if (!(error instanceof NeedsAllOps)) throw error;
  }
  const { allOps } = await import('./all-ops.ts');
  return withOpset(model, () => importModel(model, options, allOps));
}
