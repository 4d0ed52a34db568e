/** Bytes of an ONNX file → a plan with its weights, and what a caller must know of its inputs and outputs. */
import type { GraphInput, ModelValue, OnnxOptions } from '@diptych/plugin-kit';
import { type PlannedGraph, planGraph } from '../graph/planner.ts';
import { resolveExternalData } from './external-data.ts';
import { importOnnx, withOpset } from './import-onnx.ts';
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
  return planModel(readOnnxModel(bytes), options, inIntegers);
}

/** `inIntegers`: products of QDQ files have sums of integers, for a backend that multiplies those faster than floats. */
export async function planModel(model: OnnxModel, options: OnnxOptions, inIntegers = false): Promise<PlannedOnnx> {
  const read = options.readExternal === undefined ? undefined : (path: string) => options.readExternal!(path);
  const complete = await resolveExternalData(withOutputs(model, options.outputs), read);
  const { planned, inputs } = withOpset(model, () => {
    const { graph, weights } = importOnnx(complete, { ...options, inIntegers });
    return { planned: planGraph(graph, weights, options.batch), inputs: graph.inputs };
  });
  const ends = lastActivations(model);
  const outputs = Object.entries(planned.plan.outputs).map(([name, { shape }]) => {
    const activation = ends.get(name);
    return { name, shape, ...(activation && { activation }) };
  });
  return { planned, inputs, outputs };
}
