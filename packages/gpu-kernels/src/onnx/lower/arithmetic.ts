/** Ops that are exactly a few of the planner's elementwise ops. Formulas are those of the ONNX operator reference. */
import { graphInvalid } from '../../graph/graph-errors.ts';
import type { LowerCall } from './lower-call.ts';

/** Add, Max, Min, Sum and Mean of any number of inputs: pairs from the left, constants last, of which there may be several. */
const chain =
  (op: string, isMean = false) =>
  (call: LowerCall): void => {
    call.attributes.finish();
    const isKnown = (name: string): boolean => call.state.constantOf(name) !== undefined;
    const names = call.node.inputs
      .map((_, index) => call.input(index))
      .toSorted((a, b) => Number(isKnown(a)) - Number(isKnown(b)));
    const last = names.pop();
    if (last === undefined) throw graphInvalid(call.node, 'it has no inputs.');
    const before = names.reduce<string | undefined>(
      (sum, name) => (sum === undefined ? name : call.add(op, [sum, name])),
      undefined,
    );
    if (before === undefined) call.finish('Identity', [last]);
    else if (isMean) call.finish('Div', [call.add(op, [before, last]), call.number(names.length + 1)]);
    else call.finish(op, [before, last]);
  };

export const Max = chain('Max');
export const Min = chain('Min');
export const Sum = chain('Add');
export const Mean = chain('Add', true);

/** Powers that other ops give exactly, or in fewer instructions. */
export function Pow(call: LowerCall): void {
  call.attributes.finish();
  const exponent = call.state.constantOf(call.input(1));
  const power = exponent?.data.length === 1 ? exponent.data[0]! : Number.NaN;
  const x = call.input(0);
  if (power === 1) call.finish('Identity', [x]);
  else if (power === 2) call.finish('Mul', [x, x]);
  else if (power === 3) call.finish('Mul', [call.add('Mul', [x, x]), x]);
  else if (power === 0.5) call.finish('Sqrt', [x]);
  else if (power === -1) call.finish('Reciprocal', [x]);
  else call.finish('Pow', [x, call.input(1)]);
}

/** Integers are divided as integers, toward 0. */
export function Div(call: LowerCall): void {
  call.attributes.finish();
  const isWhole = call.node.inputs.some((name) => call.state.types.has(name));
  call.finish(isWhole ? 'DivWhole' : 'Div', [call.input(0), call.input(1)]);
}

export function Xor(call: LowerCall): void {
  call.attributes.finish();
  call.finish('Not', [call.add('Equal', [call.input(0), call.input(1)])]);
}
