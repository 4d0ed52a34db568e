/** One step of LSTM, GRU and RNN. Values are `[1, batch, …]`; a state that is left out is 0. */
import type { Expansion } from './expansion.ts';

export interface State {
  readonly h: string | undefined;
  /** Of an LSTM. */
  readonly c: string | undefined;
}

export interface StepParameters {
  readonly to: Expansion;
  readonly hidden: number;
  /** What a state adds to the gates: `[1, batch, gates · hidden]`. */
  readonly recurrent: (h: string) => string;
  /** `[hidden, hidden]` of the last gate, where that is apart. */
  readonly ofLast: string | undefined;
  readonly activations: readonly string[];
  /** Bound of what the activations of gates get; 0 for none. */
  readonly clip: number;
  readonly resetsAfter: boolean;
  /** Of a GRU that resets after its product: bias of that product. */
  readonly stateBias: string | undefined;
  /** Of an LSTM: input, output, forget. */
  readonly peepholes: ArrayLike<number> | undefined;
}

export interface Cell {
  readonly gates: number;
  /** The last gate gets its product from another state than the others. */
  readonly isApart: boolean;
  readonly hasMemory: boolean;
  readonly activations: readonly string[];
  /** `products`: what the input adds to all gates. */
  readonly step: (how: StepParameters, products: string, state: State) => State;
}

/** Gates `from` to `end` of a row of gates. */
const gates = ({ to, hidden }: StepParameters, name: string, from: number, end = from + 1): string =>
  to.slice(name, 2, from * hidden, end * hidden);

function activate({ to, activations, clip }: StepParameters, index: number, name: string): string {
  const bounded = clip > 0 ? to.add('Clip', [name, to.number(-clip), to.number(clip)]) : name;
  return to.add(activations[index]!, [bounded]);
}

const plus = ({ to }: StepParameters, a: string, b: string | undefined): string =>
  b === undefined ? a : to.add('Add', [a, b]);

const product = ({ recurrent }: StepParameters, h: string | undefined): string | undefined =>
  h === undefined ? undefined : recurrent(h);

/** H = f(x·W + H·R + b). */
const RNN: Cell['step'] = (how, products, { h }) => ({
  h: activate(how, 0, plus(how, products, product(how, h))),
  c: undefined,
});

/** Gates: input, output, forget, memory. */
const LSTM: Cell['step'] = (how, products, { h, c }) => {
  const { to, hidden, peepholes } = how;
  const all = plus(how, products, product(how, h));
  const peeped = (index: number, from: string | undefined): string | undefined => {
    if (peepholes === undefined || from === undefined) return undefined;
    const weights = Array.from({ length: hidden }, (_, at) => peepholes[index * hidden + at]!);
    return to.add('Mul', [from, to.tensor('float32', [hidden], weights)]);
  };
  const input = activate(how, 0, plus(how, gates(how, all, 0), peeped(0, c)));
  const fresh = to.add('Mul', [input, activate(how, 1, gates(how, all, 3))]);
  const forget = c === undefined ? undefined : activate(how, 0, plus(how, gates(how, all, 2), peeped(2, c)));
  const memory = c === undefined ? fresh : to.add('Add', [to.add('Mul', [forget!, c]), fresh]);
  const output = activate(how, 0, plus(how, gates(how, all, 1), peeped(1, memory)));
  return { h: to.add('Mul', [output, to.add(how.activations[2]!, [memory])]), c: memory };
};

/** Gates: update, reset, hidden. H = (1 − z) · h + z · H. */
const GRU: Cell['step'] = (how, products, { h }) => {
  const { to, stateBias } = how;
  const both = activate(how, 0, plus(how, gates(how, products, 0, 2), product(how, h)));
  const [update, reset] = [gates(how, both, 0), gates(how, both, 1)];
  const state = (of: string): string => to.add('MatMul', [of, how.ofLast!]);
  let term: string | undefined;
  if (how.resetsAfter) term = to.add('Mul', [reset, h === undefined ? stateBias! : to.add('Add', [state(h), stateBias!])]);
  else if (h !== undefined) term = state(to.add('Mul', [reset, h]));
  const next = activate(how, 1, plus(how, gates(how, products, 2), term));
  const fresh = to.add('Mul', [to.add('Sub', [to.number(1), update]), next]);
  return { h: h === undefined ? fresh : to.add('Add', [fresh, to.add('Mul', [update, h])]), c: undefined };
};

export const cells = {
  GRU: { gates: 3, isApart: true, hasMemory: false, activations: ['Sigmoid', 'Tanh'], step: GRU },
  LSTM: { gates: 4, isApart: false, hasMemory: true, activations: ['Sigmoid', 'Tanh', 'Tanh'], step: LSTM },
  RNN: { gates: 1, isApart: false, hasMemory: false, activations: ['Tanh'], step: RNN },
} as const satisfies Readonly<Record<string, Cell>>;
