/** The forms in which exporters write functions of one number. */
import type { GraphNode, Tensors } from '@diptych/plugin-kit';
import { describe, expect, it } from 'vitest';
import { planGraph } from '../planner.ts';

const constant = (value: number): Tensors[string] => ({ shape: [], data: Float32Array.of(value) });
const weights: Tensors = {
  root: constant(Math.SQRT2), inverse: constant(Math.SQRT1_2), one: constant(1), half: constant(0.5), three: constant(3),
  quick: constant(1.702), almost: constant(1.7), cubic: constant(0.044715), slope: constant(Math.sqrt(2 / Math.PI)), zero: constant(0),
  six: constant(6), low: constant(-10), high: constant(10),
}; // biome-ignore format: a table

/** Lines of the form `output = Op input input`. */
function stepsOf(...lines: string[]): string[] {
  const nodes = lines.map((line): GraphNode => {
    const [output, , op, ...inputs] = line.split(' ') as [string, string, string, ...string[]];
    return { name: output, op, inputs, outputs: [output] };
  });
  const { plan } = planGraph({ name: 'test', inputs: [{ name: 'x', shape: [8] }], nodes, outputs: ['y'] }, weights, 1);
  return plan.steps.map((step) =>
    step.op === 'unary' ? `${step.function}${step.alpha === undefined ? '' : ` ${step.alpha}`}` : step.op,
  );
}

describe('functions that exporters take apart are one step', () => {
  it.each<[string[], string[]]>([
    [['d = Div x root', 'e = Erf d', 'a = Add e one', 'm = Mul x a', 'y = Mul m half'], ['gelu']],
    [['h = Mul half x', 'd = Mul x inverse', 'e = Erf d', 'a = Add one e', 'y = Mul h a'], ['gelu']],
    [['c = Pow x three', 'k = Mul c cubic', 's = Add x k', 'i = Mul slope s', 't = Tanh i', 'a = Add t one', 'h = Mul x half', 'y = Mul h a'], ['gelu-tanh']],
    [['s = Sigmoid x', 'y = Mul x s'], ['swish 1']],
    [['q = Mul x quick', 's = Sigmoid q', 'y = Mul x s'], ['swish 1.702']],
    [['a = Add x three', 'c = Clip a zero six', 'm = Mul x c', 'y = Div m six'], ['hard-swish']],
    [['p = Softplus x', 't = Tanh p', 'y = Mul t x'], ['mish']],
  ])('%j', (lines, steps) => {
    expect(stepsOf(...lines)).toEqual(steps);
  }); // biome-ignore format: a table

  it('but not with a constant that is another one', () => {
    expect(stepsOf('q = Mul x almost', 's = Sigmoid q', 'y = Mul x s')).toEqual(['binary', 'sigmoid', 'binary']);
  });

  it('nor with a bound far out', () => {
    expect(stepsOf('c = Clip x low high', 's = Sigmoid x', 'y = Mul c s')).toEqual(['clip', 'sigmoid', 'binary']);
    expect(stepsOf('c = Max x low', 's = Sigmoid x', 'y = Mul c s')).toEqual(['binary', 'sigmoid', 'binary']);
  });

  it('and not where something else reads a number on the way', () => {
    expect(stepsOf('s = Sigmoid x', 'm = Mul x s', 'y = Add m s')).toEqual(['sigmoid', 'binary', 'binary']);
  });
});
