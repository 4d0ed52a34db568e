/** Ops that stay as they are, or as nothing. */
import { opUnsupported } from '../../graph/graph-errors.ts';
import type { LowerCall } from './lower-call.ts';

export const pass = (call: LowerCall): void => call.finish(call.node.op, call.node.inputs, call.given);

export function Identity(call: LowerCall): void {
  call.attributes.finish();
  call.finish('Identity', [call.input(0)]);
}

export function Dropout(call: LowerCall): void {
  call.attributes.number('ratio', 0.5);
  call.attributes.number('seed', 0);
  call.attributes.finish();
  if ((call.constant(2)?.data[0] ?? 0) !== 0) throw opUnsupported(call.node, 'training mode');
  call.finish('Identity', [call.input(0)]);
}
