/**
 * Group normalisation as exporters wrote it before opset 18: Reshape to `[groups, …]`, InstanceNormalization without
 * parameters, Reshape back. Seen at the last of the three, it becomes GroupNormalization, and the others are read by nobody.
 */
import { sameShape } from '../../graph/shapes.ts';
import type { LowerCall } from './lower-call.ts';

/** Whether the Reshape to items of shape `target` ended such a chain; then the node is written. */
export function asGroupNormalization(call: LowerCall, target: readonly number[]): boolean {
  const { state } = call;
  const producer = (name: string) => state.nodes.findLast((node) => node.outputs[0] === state.resolve(name));
  const instance = producer(call.input(0));
  if (instance?.op !== 'InstanceNormalization') return false;
  const [x = '', scale = '', bias = ''] = instance.inputs;
  const holds = (name: string, value: number): boolean => state.weights.get(name)?.data.every((v) => v === value) ?? false;
  const grouped = producer(x);
  const source = grouped?.op === 'Reshape' ? grouped.inputs[0]! : undefined;
  if (source === undefined || !holds(scale, 1) || !holds(bias, 0)) return false;
  const shape = state.shapeOf(source, call.node);
  const isBack = target.length === shape.length && target.every((size, d) => size === shape[d] || size === -1 || size === 0);
  const [groups = 0] = state.shapeOf(x, call.node);
  if (!isBack || shape.length < 2 || shape[0]! % groups !== 0 || sameShape(shape, state.shapeOf(x, call.node))) return false;
  const ones = call.tensor([shape[0]!], new Float32Array(shape[0]!).fill(1));
  const zeros = call.tensor([shape[0]!], new Float32Array(shape[0]!));
  const epsilon = instance.attributes?.['epsilon'] ?? 1e-5;
  call.finish('GroupNormalization', [source, ones, zeros], { num_groups: groups, epsilon });
  return true;
}
