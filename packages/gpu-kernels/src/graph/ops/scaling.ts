/** A factor and a summand for each output of a convolution or a product, as part of its weights and bias. */
import type { GraphNode } from '@diptych/plugin-kit';
import { LazyTensor } from '../lazy-tensor.ts';
import type { GraphValue, PlanBuilder } from '../plan-builder.ts';
import type { Conv2dStep } from '../plan-images.ts';
import type { GemmStep } from '../plan-products.ts';

/** The step with them. Without `offset` the bias is only multiplied. */
export function scaledOutputs<S extends Conv2dStep | GemmStep>(
  builder: PlanBuilder,
  step: S,
  factor: Float64Array | Float32Array,
  offset?: Float64Array,
): S {
  const isNeutral = factor.every((f) => f === 1);
  const weight = builder.weights.get(step.weight)!;
  const bias = step.bias === undefined ? undefined : builder.weights.get(step.bias)!.data;
  const scaled = (): Float32Array => scaledRows(weight.data, factor);
  const own = builder.sharedWeights.has(step.weight) && !isNeutral ? `${step.name}.weight` : step.weight;
  if (!isNeutral) builder.weights.set(own, new LazyTensor(weight.shape, scaled));
  const biasName = step.bias ?? (offset && `${step.name}.bias`);
  if (biasName !== undefined)
    builder.weights.set(biasName, {
      shape: [factor.length],
      data: Float32Array.from(factor, (f, c) => (offset?.[c] ?? 0) + (bias?.[c] ?? 0) * f),
    });
  return { ...step, weight: own, ...(biasName !== undefined && { bias: biasName }) };
}

/** `data` of as many rows as there are factors, each times its own. */
function scaledRows(data: Float32Array, factor: Float64Array | Float32Array): Float32Array {
  const scaled = new Float32Array(data.length);
  const columns = data.length / factor.length;
  for (let row = 0, at = 0; row < factor.length; row++)
    for (const end = at + columns; at < end; at++) scaled[at] = data[at]! * factor[row]!;
  return scaled;
}

/** `x` is what `step` gives and nothing else reads. */
export function scaleOutputs(
  builder: PlanBuilder,
  node: GraphNode,
  x: GraphValue,
  step: Conv2dStep | GemmStep,
  factor: Float64Array | Float32Array,
  offset?: Float64Array,
): void {
  builder.replaceLast(step, { ...scaledOutputs(builder, step, factor, offset), name: node.name });
  builder.define(node.outputs[0]!, x.shape, { ...x.forms });
}
