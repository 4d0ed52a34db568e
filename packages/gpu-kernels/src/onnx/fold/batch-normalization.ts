/**
 * BatchNormalization of constants: standardised weights are exported as one in training mode, with the mean and variance of
 * the weights themselves.
 */
import { graphInvalid } from '../../graph/graph-errors.ts';
import { sizeOf } from '../../graph/shapes.ts';
import { allocate, type Constant, isFloat } from '../constant.ts';
import type { FoldCall } from '../node-call.ts';

interface Channel {
  readonly mean: number;
  readonly variance: number;
}

/** Mean and variance of everything in channel `c` of `[outer, channels, inner]`. */
function momentsOf(data: Constant['data'], c: number, channels: number, inner: number): Channel {
  const outer = data.length / channels / inner;
  const sum = (of: (x: number) => number): number => {
    let total = 0;
    for (let row = 0; row < outer; row++)
      for (let i = 0; i < inner; i++) total += of(data[(row * channels + c) * inner + i]!);
    return total / (outer * inner);
  };
  const mean = sum((x) => x);
  return { mean, variance: sum((x) => (x - mean) ** 2) };
}

export function BatchNormalization(call: FoldCall): Constant[] {
  const x = call.input(0);
  const epsilon = call.attributes.number('epsilon', 1e-5);
  const momentum = call.attributes.number('momentum', 0.9);
  const isTraining = call.attributes.number('training_mode', 0) !== 0;
  call.attributes.require('spatial', 1);
  call.attributes.finish();
  const [scale, shift, mean, variance] = [1, 2, 3, 4].map((index) => call.input(index)) as [Constant, Constant, Constant, Constant]; // biome-ignore format: one expression
  const [, channels = 1] = x.shape;
  if (!isFloat(x.type) || [scale, shift, mean, variance].some(({ data }) => data.length !== channels))
    throw graphInvalid(call.node, `floats with scale, shift, mean and variance of ${channels} entries are expected.`);
  const inner = sizeOf(x.shape.slice(2));
  if (isTraining) call.spend(2 * x.data.length);
  const known = (c: number): Channel => ({ mean: mean.data[c]!, variance: variance.data[c]! });
  const used = Array.from({ length: channels }, (_, c) => (isTraining ? momentsOf(x.data, c, channels, inner) : known(c)));
  const factors = used.map((moments, c) => scale.data[c]! / Math.sqrt(moments.variance + epsilon));
  const data = allocate(x.type, x.shape, call.place);
  const numbers = x.data;
  for (let row = 0; row * inner < data.length; row++) {
    const c = row % channels;
    const [offset, factor, added] = [used[c]!.mean, factors[c]!, shift.data[c]!];
    for (let at = row * inner; at < (row + 1) * inner; at++) data[at] = (numbers[at]! - offset) * factor + added;
  }
  const running = (old: Constant, name: keyof Channel): Constant => {
    const next = allocate(old.type, old.shape, call.place);
    for (const [c, value] of old.data.entries()) next[c] = value * momentum + used[c]![name] * (1 - momentum);
    return { ...old, data: next };
  };
  const y = { ...x, data };
  return isTraining ? [y, running(mean, 'mean'), running(variance, 'variance')] : [y];
}
