/** Ops with windows. Those over one dimension become the same over images of one row. */
import type { GraphAttribute } from '@diptych/plugin-kit';
import { opUnsupported } from '../../graph/graph-errors.ts';
import type { LowerCall } from './lower-call.ts';

/** A window of one row at the row's own place: what an attribute for one dimension says about two. */
const rowEntry: Readonly<Record<string, number>> = {
  kernel_shape: 1,
  strides: 1,
  dilations: 1,
  output_padding: 0,
  output_shape: 1,
};

function toImageAttributes(given: Readonly<Record<string, GraphAttribute>>): Record<string, GraphAttribute> {
  const attributes: Record<string, GraphAttribute> = { ...given };
  for (const [name, row] of Object.entries(rowEntry)) {
    const list = given[name];
    if (Array.isArray(list) && list.length === 1) attributes[name] = [row, ...list];
  }
  const pads = given['pads'];
  if (Array.isArray(pads) && pads.length === 2) attributes['pads'] = [0, pads[0], 0, pads[1]];
  return attributes;
}

/** Input 0 and the weight (input 1, if any) with a row of their own, and the result without it. */
export function asImage(call: LowerCall, op: string, given: Readonly<Record<string, GraphAttribute>>): void {
  const shape = call.shape(0);
  if (shape.length === 3) {
    call.finish(op, call.node.inputs, given);
    return;
  }
  if (shape.length !== 2) throw opUnsupported(call.node, `${shape.length - 1} dimensions besides batch and channels, only one or two are implemented`); // biome-ignore format: one condition
  const [channels, length] = shape as [number, number];
  const image = call.add('Reshape', [call.input(0), call.number(0, channels, 1, length)]);
  const weight = call.constant(1);
  const inputs = [image];
  if (weight !== undefined) {
    const [outer = 1, inner = 1, ...kernel] = weight.shape;
    inputs.push(call.tensor([outer, inner, 1, ...kernel], weight.data));
  }
  if (call.has(2)) inputs.push(call.input(2));
  const result = call.add(op, inputs, toImageAttributes(given));
  const [outputs, , width] = call.state.shapeOf(result, call.node) as [number, number, number];
  call.finish('Reshape', [result, call.number(0, outputs, width)]);
}

export const windowed = (call: LowerCall): void => {
  if (call.isRead(1)) throw opUnsupported(call.node, 'output 1 is read, only the first is implemented');
  asImage(call, call.node.op, call.given);
};
