/**
 * The scale of a dynamically quantised activation has no batch in ONNX, but here each item has its own. Such values
 * ("unbatched") are kept with their ONNX shape as item shape, and brought to the rank of what they meet.
 */
import { graphInvalid, opUnsupported } from '../../graph/graph-errors.ts';
import { broadcastShape, showShape } from '../../graph/shapes.ts';
import type { ImportState } from '../import-state.ts';
import type { OnnxNode } from '../onnx-model.ts';
import { reshapedSizes } from '../reshaped-sizes.ts';
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
const ofTwo: ReadonlySet<string> = new Set(['Add', 'Div', 'Mul', 'Sub']);
/** Ops on each number by itself, which are what they are of items. */
const ofEach: ReadonlySet<string> = new Set([
  'Abs', 'Cast', 'Ceil', 'Floor', 'Identity', 'Neg', 'Reciprocal', 'Round', 'Sqrt',
]); // biome-ignore format: a list

/** Ops that take unbatched values as they are. */
export const takesNumbers: ReadonlySet<string> = new Set([...ofTwo, ...ofEach, 'DequantizeLinear', 'Reshape']);

const shapeIn = (state: ImportState, name: string): readonly number[] | undefined =>
  state.unbatched.get(name) ?? state.constantOf(name)?.shape;

/** Whether a node computes numbers of each item from such numbers and constants alone. */
export const givesNumbers = (state: ImportState, { op, inputs }: OnnxNode): boolean =>
  !readsThem.has(op) &&
  inputs.some((name) => state.unbatched.has(name)) &&
  inputs.every((name) => shapeIn(state, name) !== undefined);

/** Takes unbatched operands; false where there is none, or where the op is what it is of items. */
export function lowerUnbatched(call: LowerCall): boolean {
  const { state, node } = call;
  const names = node.inputs;
  if (readsThem.has(node.op) || !names.some((name) => state.unbatched.has(name))) return false;
  if (ofEach.has(node.op)) {
    state.unbatched.set(node.outputs[0]!, state.unbatched.get(names[0]!)!);
    return false;
  }
  if (node.op === 'Reshape' && state.unbatched.has(names[0]!)) {
    reshape(call, state.unbatched.get(names[0]!)!);
    return true;
  }
  if (!ofTwo.has(node.op) || names.length !== 2)
    throw opUnsupported(node, `a number computed for each item is only implemented in ${[...takesNumbers].join(', ')}`);
  const items = names.find((name) => shapeIn(state, name) === undefined);
  if (items === undefined) {
    numbersOfTwo(call);
    return true;
  }
  const rank = state.shapeOf(items, node).length + 1;
  call.finish(node.op, [itemwise(call, names[0]!, rank), itemwise(call, names[1]!, rank)]);
  return true;
}

function reshape(call: LowerCall, shape: readonly number[]): void {
  const keepsZero = call.attributes.number('allowzero', 0) !== 0;
  call.attributes.finish();
  const sizes = reshapedSizes(call.node, shape, call.integers(1) ?? [], keepsZero);
  call.state.unbatched.set(call.node.outputs[0]!, sizes);
  call.finish('Reshape', [call.input(0), call.tensor([sizes.length + 1], [0, ...sizes])]);
}

/** Of unbatched values and constants. */
function numbersOfTwo(call: LowerCall): void {
  const { state, node } = call;
  const names = node.inputs;
  const shapeOf = (name: string): readonly number[] => shapeIn(state, name)!;
  const rank = Math.max(...names.map((name) => shapeOf(name).length));
  const shapes = names.map((name) => padded(shapeOf(name), rank)) as [number[], number[]];
  const shape = broadcastShape(...shapes);
  if (shape === undefined) throw graphInvalid(node, `shapes ${shapes.map(showShape).join(' and ')} do not broadcast.`);
  const aligned = names.map((name, index) =>
    state.unbatched.has(name) ? call.add('Reshape', [name, call.number(0, ...shapes[index]!)]) : name,
  );
  state.unbatched.set(node.outputs[0]!, shape);
  call.finish(node.op, aligned);
}
