/** BatchNormalization (inference): folded into a preceding Conv or Gemm, else a multiplication and a sum. */
import type { GraphNode, Tensor } from '@diptych/plugin-kit';
import { Attributes } from '../attributes.ts';
import { graphInvalid, opUnsupported } from '../graph-errors.ts';
import type { GraphValue, PlanBuilder } from '../plan-builder.ts';
import type { Conv2dStep } from '../plan-images.ts';
import type { GemmStep } from '../plan-products.ts';
import { addBinary } from './arithmetic.ts';
import { scaleOutputs } from './scaling.ts';

export function BatchNormalization(builder: PlanBuilder, node: GraphNode): void {
  const attributes = new Attributes(node);
  const epsilon = attributes.number('epsilon', 1e-5);
  attributes.number('momentum', 0.9); // of training only
  attributes.require('training_mode', 0);
  attributes.require('spatial', 1);
  attributes.finish();
  if (node.outputs.slice(1).some((name) => name !== '')) throw opUnsupported(node, 'outputs of training mode');
  const x = builder.value(node, 0);
  const [scale, shift, mean, variance] = [1, 2, 3, 4].map((index) => builder.constant(node, index).data) as [
    Float32Array,
    Float32Array,
    Float32Array,
    Float32Array,
  ];
  const channels = x.shape[0];
  if ([scale, shift, mean, variance].some((list) => list.length !== channels)) {
    throw graphInvalid(node, `scale, shift, mean and variance must have ${channels} entries, one a channel.`);
  }
  // float64: the folded weights then carry one float32 rounding only.
  const factor = Float64Array.from(scale, (s, c) => s / Math.sqrt(variance[c]! + epsilon));
  const offset = Float64Array.from(shift, (s, c) => s - mean[c]! * factor[c]!);
  const step = builder.producer(x);
  if ((step?.op === 'conv2d' || step?.op === 'gemm') && isFoldable(x, step))
    scaleOutputs(builder, node, x, step, factor, offset);
  else unfolded(builder, node, x, factor, offset);
}

const isFoldable = (x: GraphValue, step: Conv2dStep | GemmStep): boolean =>
  x.singleReader &&
  step.residual === undefined &&
  step.activation.kind === 'none' &&
  (step.op === 'conv2d' || x.shape.length === 1);

function unfolded(builder: PlanBuilder, node: GraphNode, x: GraphValue, factor: Float64Array, offset: Float64Array): void {
  const shape = [factor.length, ...x.shape.slice(1).map(() => 1)];
  const perChannel = (data: Float64Array): Tensor => ({ shape, data: Float32Array.from(data) });
  const scaled = addBinary(
    builder,
    node,
    'mul',
    { value: x },
    { constant: perChannel(factor), name: `${node.name}.factor` },
  );
  const shifted = addBinary(
    builder,
    node,
    'add',
    { value: scaled },
    { constant: perChannel(offset), name: `${node.name}.offset` },
  );
  builder.define(node.outputs[0]!, shifted.shape, shifted.forms);
}
