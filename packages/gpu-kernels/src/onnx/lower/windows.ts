/** Ops with windows. Those over one dimension become the same over images of one row, those over three a few over images. */
import type { GraphAttribute } from '@diptych/plugin-kit';
import { graphInvalid, opUnsupported } from '../../graph/graph-errors.ts';
import type { LowerCall } from './lower-call.ts';
import { poolVolume } from './volume-pools.ts';
import { convolveVolume, convolveVolumeBack } from './volumes.ts';

type Attributes = Readonly<Record<string, GraphAttribute>>;

/** A window of one row at the row's own place: what an attribute for one dimension says about two. */
const rowEntry: Readonly<Record<string, number>> = {
  kernel_shape: 1,
  strides: 1,
  dilations: 1,
  output_padding: 0,
  output_shape: 1,
};

export function toImageAttributes(given: Attributes): Record<string, GraphAttribute> {
  const attributes: Record<string, GraphAttribute> = { ...given };
  for (const [name, row] of Object.entries(rowEntry)) {
    const list = given[name];
    if (Array.isArray(list) && list.length === 1) attributes[name] = [row, ...list];
  }
  const pads = given['pads'];
  if (Array.isArray(pads) && pads.length === 2) attributes['pads'] = [0, pads[0], 0, pads[1]];
  return attributes;
}

function refuseRank(call: LowerCall, rank: number): void {
  if (rank < 2 || rank > 4) throw opUnsupported(call.node, `${rank - 1} dimensions besides batch and channels, only one to three are implemented`); // biome-ignore format: one condition
}

/** Input 0 and the weight (input 1, if any) with a row of their own, and the result without it. */
export function convolved(call: LowerCall): void {
  const { op } = call.node;
  const shape = call.shape(0);
  refuseRank(call, shape.length);
  if (shape.length === 3) {
    call.finish(op, call.node.inputs, call.given);
    return;
  }
  if (shape.length === 4) {
    if (op === 'Conv') convolveVolume(call);
    else convolveVolumeBack(call);
    return;
  }
  const [channels, length] = shape as [number, number];
  const image = call.add('Reshape', [call.input(0), call.number(0, channels, 1, length)]);
  const weight = call.constant(1);
  if (weight === undefined) throw graphInvalid(call.node, 'input 1 is missing.');
  const [outer = 1, inner = 1, ...kernel] = weight.shape;
  const inputs = [image, call.tensor([outer, inner, 1, ...kernel], weight.data), ...(call.has(2) ? [call.input(2)] : [])];
  const result = call.add(op, inputs, toImageAttributes(call.given));
  const [outputs, , width] = call.state.shapeOf(result, call.node) as [number, number, number];
  call.finish('Reshape', [result, call.number(0, outputs, width)]);
}

/** Windows over value `x` of one to three dimensions besides batch and channels. */
function addPool(call: LowerCall, op: string, x: string, given: Attributes): string {
  const shape = call.state.shapeOf(x, call.node);
  refuseRank(call, shape.length);
  if (shape.length === 3) return call.add(op, [x], given);
  if (shape.length === 4) return poolVolume(call, op, x, given);
  const [channels, length] = shape as [number, number];
  const image = call.add('Reshape', [x, call.number(0, channels, 1, length)]);
  const result = call.add(op, [image], toImageAttributes(given));
  const [, , width] = call.state.shapeOf(result, call.node) as [number, number, number];
  return call.add('Reshape', [result, call.number(0, channels, width)]);
}

export function pooled(call: LowerCall, op: string = call.node.op, given: Attributes = call.given): void {
  if (call.isRead(1)) throw opUnsupported(call.node, 'output 1 is read, only the first is implemented');
  if (call.shape(0).length === 3) call.finish(op, [call.input(0)], given);
  else call.finish('Identity', [addPool(call, op, call.input(0), given)]);
}

export const AveragePool = (call: LowerCall): void => pooled(call);

/** Numbers to a whole power, by products. */
function powerOf(call: LowerCall, x: string, p: number): string {
  const square = p < 2 ? '' : call.add('Mul', [x, x]);
  let power = p % 2 === 1 ? call.add('Abs', [x]) : square;
  for (let factors = p % 2 === 1 ? 1 : 2; factors < p; factors += 2) power = call.add('Mul', [power, square]);
  return power;
}

/** (Σ |x|^p)^(1/p), p a whole number. */
export function LpPool(call: LowerCall, given: Attributes = call.given): void {
  const { p = 2, ...window } = given;
  if (typeof p !== 'number' || !Number.isInteger(p) || p < 1 || p > 16)
    throw opUnsupported(call.node, `attribute p = ${JSON.stringify(p)}, only 1 to 16 are implemented`);
  if (p <= 2 && call.shape(0).length < 4) {
    pooled(call, 'LpPool', given);
    return;
  }
  const sums = addPool(call, 'LpPool', powerOf(call, call.input(0), p), { ...window, p: 1 });
  if (p === 1) call.finish('Identity', [sums]);
  else if (p === 2) call.finish('Sqrt', [sums]);
  else if (p === 4) call.finish('Sqrt', [call.add('Sqrt', [sums])]);
  else call.finish('Pow', [sums, call.number(1 / p)]);
}
