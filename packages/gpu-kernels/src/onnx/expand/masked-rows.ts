/**
 * Rows of scores that a mask leaves nothing of, as those of padding in windows of near tokens (ModernBERT). Their softmax is 0 / 0 by
 * its formula; torch, whose exporter writes Attention, and onnxruntime make zeros of them, and NaN would reach every other token.
 */
import type { ImportState } from '../import-state.ts';
import type { Expansion } from './expansion.ts';

/** The smallest float32 that is a number. */
const lowest = -3.4028234663852886e38;
/** Values that are looked at; what more of them make may be masked. */
const mostVisited = 64;

/** Ops of the planner whose results are numbers where what they read is, and those whose results always are. */
const passing: ReadonlySet<string> = new Set(['Add', 'Concat', 'Expand', 'Flatten', 'Gather', 'Mul', 'Reshape', 'Slice', 'Squeeze', 'Sub', 'Transpose', 'Unsqueeze', 'Where']); // biome-ignore format: a list
const finite: ReadonlySet<string> = new Set(['Conv', 'Gemm', 'LayerNormalization', 'MatMul', 'Sigmoid', 'Softmax', 'Tanh']); // biome-ignore format: a list

/** Whether a value of floats may be -Infinity somewhere, for all that is known at import. */
function mayMask(state: ImportState, name: string): boolean {
  let visited = 0;
  const visit = (value: string): boolean => {
    if (value === '') return false;
    if (++visited > mostVisited) return true;
    const constant = state.constantOf(value) ?? state.weights.get(state.resolve(value));
    if (constant !== undefined) return constant.data.some((number) => number < lowest);
    const maker = state.makers.get(state.resolve(value));
    if (maker === undefined) return true;
    return !finite.has(maker.op) && (!passing.has(maker.op) || maker.inputs.some(visit));
  };
  return visit(name);
}

/** The mask of input 3 alone, or with `others` that are masked behind it. */
function mayLeaveNothing(to: Expansion, keys: number, others: boolean): boolean {
  const constant = to.constant(3);
  if (constant === undefined) return to.state.types.get(to.input(3)) === 'bool' || mayMask(to.state, to.input(3));
  const { type, shape, data } = constant;
  const isMasked = (value: number): boolean => (type === 'bool' ? value === 0 : value < lowest);
  const width = shape.at(-1)!;
  if (others || width < keys) return data.some(isMasked);
  for (let row = 0; row < data.length; row += width) if (data.subarray(row, row + width).every(isMasked)) return true;
  return false;
}

/** `value`, of which rows lie behind each other in its last dimension but one, with zeros in those that see no key. */
export type OfSeen = (value: string) => string;

/** `bias`: all that is added to the scores; `others`: whether that is more than input 3, and whether the rest alone may leave a row nothing. */
export function rowsSeen(to: Expansion, keys: number, bias: string | undefined, others: boolean, othersLeaveNothing: boolean): OfSeen {
  if (bias === undefined || !(othersLeaveNothing || (to.has(3) && mayLeaveNothing(to, keys, others)))) return (value) => value;
  const largest = to.add('ReduceMax', [bias, to.integers(-1)], { keepdims: 1 });
  const isNone = to.add('Less', [largest, to.number(lowest)]);
  return (value) => to.add('Where', [isNone, to.number(0), value]);
} // biome-ignore format: signature
