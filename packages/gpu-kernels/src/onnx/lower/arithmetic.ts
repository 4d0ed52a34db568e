/** Ops that are exactly a few of the planner's elementwise ops. Formulas are those of the ONNX operator reference. */
import { graphInvalid, opUnsupported } from '../../graph/graph-errors.ts';
import type { LowerCall } from './lower-call.ts';

/** Add, Max, Min, Sum and Mean of any number of inputs: pairs from the left. */
const chain =
  (op: string, isMean = false) =>
  (call: LowerCall): void => {
    call.attributes.finish();
    const names = call.node.inputs.map((_, index) => call.input(index));
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

/** relu(x) − slope · relu(−x). */
function leaky(call: LowerCall, slope: string): void {
  const x = call.input(0);
  const negative = call.add('Mul', [call.add('Relu', [call.add('Neg', [x])]), slope]);
  call.finish('Sub', [call.add('Relu', [x]), negative]);
}

export function LeakyRelu(call: LowerCall): void {
  const alpha = call.attributes.number('alpha', 0.01);
  call.attributes.finish();
  leaky(call, call.number(alpha));
}

export function PRelu(call: LowerCall): void {
  call.attributes.finish();
  call.constant(1);
  leaky(call, call.input(1));
}

/** min(1, max(0, alpha · x + beta)). */
function hardSigmoid(call: LowerCall, alpha: number, beta: number): string {
  const line = call.add('Add', [call.add('Mul', [call.input(0), call.number(alpha)]), call.number(beta)]);
  return call.add('Clip', [line, call.number(0), call.number(1)]);
}

export function HardSigmoid(call: LowerCall): void {
  const [alpha, beta] = [call.attributes.number('alpha', 0.2), call.attributes.number('beta', 0.5)];
  call.attributes.finish();
  call.finish('Identity', [hardSigmoid(call, alpha, beta)]);
}

export function HardSwish(call: LowerCall): void {
  call.attributes.finish();
  call.finish('Mul', [call.input(0), hardSigmoid(call, 1 / 6, 0.5)]);
}

/** Powers that elementwise ops give exactly. */
export function Pow(call: LowerCall): void {
  call.attributes.finish();
  const exponent = call.constant(1);
  const power = exponent?.data.length === 1 ? exponent.data[0]! : Number.NaN;
  const x = call.input(0);
  if (power === 1) call.finish('Identity', [x]);
  else if (power === 2) call.finish('Mul', [x, x]);
  else if (power === 3) call.finish('Mul', [call.add('Mul', [x, x]), x]);
  else if (power === 0.5) call.finish('Sqrt', [x]);
  else if (power === -1) call.finish('Reciprocal', [x]);
  else
    throw opUnsupported(
      call.node,
      `exponent ${exponent === undefined ? 'computed' : exponent.data.length === 1 ? power : 'of several numbers'}, only 1, 2, 3, 0.5 and -1 are implemented`,
    );
}

/** 0.5 · x · (1 + tanh(√(2/π) · (x + 0.044715 · x³))), which is what the file asks for with `approximate: tanh`. */
export function Gelu(call: LowerCall): void {
  call.attributes.require('approximate', 'tanh', 'none');
  call.attributes.finish();
  const x = call.input(0);
  const cube = call.add('Mul', [call.add('Mul', [x, x]), x]);
  const inner = call.add('Mul', [
    call.add('Add', [x, call.add('Mul', [cube, call.number(0.044715)])]),
    call.number(Math.sqrt(2 / Math.PI)),
  ]);
  const factor = call.add('Add', [call.add('Tanh', [inner]), call.number(1)]);
  call.finish('Mul', [call.add('Mul', [x, call.number(0.5)]), factor]);
}

/** max(x, 0) + log(1 + exp(−|x|)): equal to log(1 + exp(x)), without its overflow. */
export function Softplus(call: LowerCall): void {
  call.attributes.finish();
  const x = call.input(0);
  const small = call.add('Exp', [call.add('Neg', [call.add('Abs', [x])])]);
  call.finish('Add', [call.add('Relu', [x]), call.add('Log', [call.add('Add', [small, call.number(1)])])]);
}

export function Softsign(call: LowerCall): void {
  call.attributes.finish();
  call.finish('Div', [call.input(0), call.add('Add', [call.add('Abs', [call.input(0)]), call.number(1)])]);
}
