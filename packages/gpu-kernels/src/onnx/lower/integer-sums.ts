/**
 * Sums and products of integers. float32 computes them exactly as long as they stay within its whole numbers; what leaves
 * them is NaN, which shows, in place of an integer that is near the right one.
 */
import type { ImportState } from '../import-state.ts';
import type { OnnxNode } from '../onnx-model.ts';
import { mostCounted } from './indices.ts';
import type { LowerCall } from './lower-call.ts';

/** Ops on two numbers: what they give says whether it was exact. */
const ofTwo: ReadonlySet<string> = new Set(['Add', 'Sub', 'Mul']);
/** Of many: a sum may leave the whole numbers and come back. It did not if the sum of sizes stays. */
const ofMany: ReadonlySet<string> = new Set(['CumSum', 'ReduceSum', 'Sum']);

/** Whether a node, whose types are checked, computes integers that may grow. */
export const sumsIntegers = (state: ImportState, { op, outputs }: OnnxNode): boolean =>
  (ofTwo.has(op) || ofMany.has(op)) && state.types.has(outputs[0]!) && !state.rounded.has(outputs[0]!);

/** The numbers of an input without their signs. */
function sizeOf(call: LowerCall, name: string): string {
  const constant = call.state.constantOf(name);
  return constant === undefined ? call.add('Abs', [name]) : call.tensor(constant.shape, constant.data.map(Math.abs));
}

/** `lower` writes a node as it would be of floats. */
export function lowerIntegerSum(call: LowerCall, lower: (node: OnnxNode) => void): void {
  const { node, state } = call;
  const part = (what: string, inputs: readonly string[]): string => {
    const name = state.freshName(`${node.name}/${what}`);
    lower({ ...node, name, inputs, outputs: [name] });
    return name;
  };
  const result = part('sum', node.inputs);
  const numbers = node.op === 'Sum' ? node.inputs.length : 1;
  const size = ofTwo.has(node.op)
    ? call.add('Abs', [result])
    : part(
        'sizes',
        node.inputs.map((name, index) => (index < numbers ? sizeOf(call, name) : name)),
      );
  const unbatched = state.unbatched.get(result);
  if (unbatched !== undefined) state.unbatched.set(node.outputs[0]!, unbatched);
  const isExact = call.add('Less', [size, call.number(mostCounted)]);
  call.finish('Where', [isExact, result, call.number(Number.NaN)]);
}
