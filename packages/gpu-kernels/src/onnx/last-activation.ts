/** Whether a file makes shares of an output itself, so that nobody does it a second time. */
import type { ModelValue } from '@diptych/plugin-kit/runtime';
import { type OnnxGraph, type OnnxNode, opKey } from './onnx-model.ts';

const activations: Readonly<Record<string, ModelValue['activation']>> = { Sigmoid: 'sigmoid', Softmax: 'softmax' };

/** Ops that only move, select or re-encode numbers. */
const passing = new Set([
  'Cast',
  'DequantizeLinear',
  'Flatten',
  'Gather',
  'Identity',
  'QuantizeLinear',
  'Reshape',
  'Slice',
  'Squeeze',
  'Transpose',
  'Unsqueeze',
]);

/** By output: the Sigmoid or Softmax that gives its numbers. One that is written as other ops is not seen. */
export function lastActivations({ nodes, outputs }: OnnxGraph): ReadonlyMap<string, ModelValue['activation']> {
  const makers = new Map<string, OnnxNode>(nodes.flatMap((node) => node.outputs.map((name) => [name, node])));
  return new Map(
    outputs.map(({ name }) => {
      let maker = makers.get(name);
      // Bounded, since a damaged file may have a cycle.
      for (let steps = 0; maker !== undefined && passing.has(opKey(maker)) && steps < nodes.length; steps++)
        maker = makers.get(maker.inputs[0] ?? '');
      return [name, maker === undefined ? undefined : activations[opKey(maker)]];
    }),
  );
}
