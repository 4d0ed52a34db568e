/**
 * The scale of a dynamically quantised activation has no batch in ONNX, but here each item has its own. Such values
 * ("unbatched") are kept with their ONNX shape as item shape, and brought to the rank of what they meet.
 */
import { graphInvalid, opUnsupported } from '../../graph/graph-errors.ts';
import { broadcastShape, showShape } from '../../graph/shapes.ts';
import type { LowerCall } from './lower-call.ts';

const padded = (shape: readonly number[], rank: number): number[] => [
  ...new Array<number>(Math.max(0, rank - shape.length)).fill(1),
  ...shape,
];

/** Unbatched value `name` as one that each item of rank `rank` (with batch) can be computed with. */
export function itemwise(call: LowerCall, name: string, rank: number): string {
  const shape = call.state.unbatched.get(name);
  if (shape === undefined) return name;
  const [batch, ...item] = padded(shape, rank);
  if (batch !== 1 || item.length !== rank - 1)
    throw opUnsupported(call.node, `"${name}", ${showShape(shape)} computed for each item, would change the batch`);
  return item.length === shape.length ? name : call.add('Reshape', [name, call.number(0, ...item)]);
}

/** Ops that take an unbatched zero point themselves. */
const readsThem: ReadonlySet<string> = new Set(['ConvInteger', 'DequantizeLinear', 'MatMulInteger']);

/** Mul, Div, Add and Sub where an operand is unbatched; false where none is. */
export function lowerUnbatched(call: LowerCall): boolean {
  const { state, node } = call;
  const shapeOf = (name: string): readonly number[] | undefined =>
    state.unbatched.get(name) ?? state.constantOf(name)?.shape;
  const names = node.inputs;
  if (readsThem.has(node.op) || !names.some((name) => state.unbatched.has(name))) return false;
  if (node.op === 'Cast' || node.op === 'Identity') {
    state.unbatched.set(node.outputs[0]!, state.unbatched.get(names[0]!)!);
    call.finish('Identity', [names[0]!]);
    return true;
  }
  if (!['Mul', 'Div', 'Add', 'Sub'].includes(node.op) || names.length !== 2)
    throw opUnsupported(node, 'a number computed for each item is only implemented in Mul, Div, Add, Sub and Cast');
  const items = names.find((name) => shapeOf(name) === undefined);
  if (items !== undefined) {
    const rank = state.shapeOf(items, node).length + 1;
    call.finish(node.op, [itemwise(call, names[0]!, rank), itemwise(call, names[1]!, rank)]);
    return true;
  }
  const rank = Math.max(...names.map((name) => shapeOf(name)!.length));
  const shapes = names.map((name) => padded(shapeOf(name)!, rank)) as [number[], number[]];
  const shape = broadcastShape(...shapes);
  if (shape === undefined) throw graphInvalid(node, `shapes ${shapes.map(showShape).join(' and ')} do not broadcast.`);
  const aligned = names.map((name, index) =>
    state.unbatched.has(name) ? call.add('Reshape', [name, call.number(0, ...shapes[index]!)]) : name,
  );
  state.unbatched.set(node.outputs[0]!, shape);
  call.finish(node.op, aligned);
  return true;
}
