/** What a file holds, what it would cost, and what is missing to run it: for `diptych model inspect`. */
import { type BackendName, isDiptychError, type ModelValue, type OnnxOptions } from '@diptych/plugin-kit/runtime';
import type { Unsupported } from '../backends/backend.ts';
import { flopsOf } from '../graph/flops.ts';
import { assignMemory } from '../graph/memory.ts';
import type { Plan } from '../graph/plan.ts';
import { sizeOf } from '../graph/shapes.ts';
import { backendNames, tryOpen } from '../open-backend.ts';
import { bodies } from './expand/bodies.ts';
import { expandedOps } from './expand/expand-table.ts';
import { inlineFunctions } from './expand/functions.ts';
import { asOpset11 } from './expand/older-opsets.ts';
import { externalFilesOf } from './external-data.ts';
import { foldTable } from './fold/fold-table.ts';
import { lastActivations } from './last-activation.ts';
import { lowerTable } from './lower/lower-table.ts';
import { type OnnxModel, type OnnxValue, opKey } from './onnx-model.ts';
import { planModel } from './plan-onnx.ts';
import { readOnnxModel } from './read/read-onnx-model.ts';
import { withOutputs } from './wanted-outputs.ts';

export interface OpCount {
  readonly op: string;
  readonly count: number;
  /** `constants`: implemented only where all inputs (of an If, the condition) are constants. */
  readonly support: 'yes' | 'constants' | 'no';
}

export interface PlanCost {
  /** 2 × the multiply-accumulates of convolutions and matrix products, for one item. Elementwise work is not counted. */
  readonly flopsPerItem: number;
  /** Bytes of float32 activations for the batch, after values share memory. */
  readonly activationBytes: number;
  readonly weightBytes: number;
  readonly steps: number;
}

export interface BackendSupport {
  readonly backend: BackendName;
  /** Undefined: it did not open here, for `reason`. */
  readonly missing: readonly Unsupported[] | undefined;
  readonly reason?: string;
}

export interface OnnxReport {
  readonly name: string;
  readonly producer: string;
  readonly opset: number;
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly {
    readonly name: string;
    readonly shape: readonly (number | string)[] | undefined;
    readonly activation?: ModelValue['activation'];
  }[];
  /** Files that hold its weights, as it names them. */
  readonly externalFiles: readonly string[];
  readonly ops: readonly OpCount[];
  /** Numbers in the initializers of the file. */
  readonly parameters: number;
  readonly batch: number;
  /** How it was planned. */
  readonly items: NonNullable<OnnxOptions['items']>;
  readonly quantisation: NonNullable<OnnxOptions['quantisation']>;
  /** Absent where the file cannot be planned; then `problem` says why. */
  readonly cost?: PlanCost;
  readonly problem?: { readonly code: string; readonly message: string };
  readonly backends: readonly BackendSupport[];
}

/** Bytes are of float32: weights once, activations of the whole batch in shared memory. */
export function costOf(plan: Plan): PlanCost {
  const shared = assignMemory(plan);
  return {
    flopsPerItem: plan.steps.reduce((sum, step) => sum + flopsOf(step, plan), 0),
    activationBytes: 4 * plan.batch * shared.slotSizes.reduce((sum, size) => sum + size, 0),
    weightBytes: 4 * plan.weights.reduce((sum, { shape }) => sum + sizeOf(shape), 0),
    steps: plan.steps.length,
  };
}

function countOps(model: OnnxModel): OpCount[] {
  const counts = new Map<string, OpCount>();
  for (const { op, domain } of model.nodes) {
    const name = opKey({ op, domain });
    const support =
      Object.hasOwn(lowerTable, name) || expandedOps.has(name)
        ? 'yes'
        : Object.hasOwn(foldTable, name) || Object.hasOwn(bodies, name)
          ? 'constants'
          : 'no';
    counts.set(name, { op: name, count: (counts.get(name)?.count ?? 0) + 1, support });
  }
  return [...counts.values()].toSorted((a, b) => b.count - a.count || a.op.localeCompare(b.op, 'en'));
}

/** Ops of functions count as often as they are called, older ops as what they became; a faulty file is counted as it stands. */
function asImported(model: OnnxModel): OnnxModel {
  try {
    return asOpset11(inlineFunctions(model));
  } catch (error) {
    if (!isDiptychError(error)) throw error;
    return model; // planning it, below, gives the reason
  }
}

async function backendSupport(plan: Plan): Promise<BackendSupport[]> {
  const support: BackendSupport[] = [];
  for (const backend of backendNames) {
    const opened = await tryOpen(backend, {});
    if (typeof opened === 'string') support.push({ backend, missing: undefined, reason: opened });
    else {
      support.push({ backend, missing: opened.backend.check(plan) });
      await opened.backend[Symbol.asyncDispose]();
    }
  }
  return support;
}

/**
 * Runs nothing. Throws only where the bytes are no ONNX file or lack an output that is asked for; a file that cannot be planned
 * is a report with `problem`.
 */
export async function inspectOnnx(bytes: Uint8Array, { outputs, ...options }: OnnxOptions): Promise<OnnxReport> {
  const model = withOutputs(readOnnxModel(bytes), outputs);
  const ends = lastActivations(model);
  const report = {
    name: model.name,
    producer: model.producer,
    opset: model.opset,
    inputs: model.inputs,
    outputs: model.outputs.map(({ name, shape }) => {
      const activation = ends.get(name);
      return { name, shape, ...(activation && { activation }) };
    }),
    externalFiles: externalFilesOf(model),
    ops: countOps(asImported(model)),
    parameters: model.initializers.reduce((sum, { shape }) => sum + sizeOf(shape), 0),
    batch: options.batch,
    items: options.items ?? 'batch',
    quantisation: options.quantisation ?? 'as-written',
  };
  try {
    const { planned } = await planModel(model, options);
    return {
      ...report,
      cost: costOf(planned.plan),
      backends: await backendSupport(planned.plan),
    };
  } catch (error) {
    if (!isDiptychError(error) || (error.code !== 'OP_UNSUPPORTED' && error.code !== 'GRAPH_INVALID')) throw error;
    return { ...report, problem: { code: error.code, message: error.message }, backends: [] };
  }
}
