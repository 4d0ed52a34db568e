/**
 * The functions of `unary` and `binary` steps in float64, straight from the ONNX operator reference: what the reference
 * backend computes, what import folds, and what fusion compares with.
 */
import type { BinaryStep, FunctionParameters, UnaryFunction } from './plan-scalars.ts';

type Unary = (x: number) => number;

/** Abramowitz and Stegun 7.1.5, and for larger |x| the continued fraction 7.1.14 of the complement. */
export function erf(x: number): number {
  const size = Math.abs(x);
  if (Number.isNaN(x)) return x;
  if (size > 6) return Math.sign(x);
  if (size > 2.5) {
    let fraction = 0;
    for (let k = 60; k > 0; k--) fraction = k / 2 / (size + fraction);
    return Math.sign(x) * (1 - Math.exp(-size * size) / Math.sqrt(Math.PI) / (size + fraction));
  }
  let [term, sum] = [x, x];
  for (let n = 1; Math.abs(term) > 1e-18 && n < 100; n++) {
    term *= -(x * x) / n;
    sum += term / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * sum;
}

const sigmoid: Unary = (x) => 1 / (1 + Math.exp(-x));
const softplus: Unary = (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
const clamp = (x: number, low: number, high: number): number => Math.min(high, Math.max(low, x));

/** A half goes to the even neighbour. */
function roundHalfEven(x: number): number {
  const floor = Math.floor(x);
  const rest = x - floor;
  if (rest !== 0.5) return rest < 0.5 ? floor : floor + 1;
  return floor % 2 === 0 ? floor : floor + 1;
}

export function unaryFunctionOf(name: UnaryFunction, parameters: FunctionParameters = {}): Unary {
  const { min = -Infinity, max = Infinity, alpha = 0, beta = 0 } = parameters;
  switch (name) {
    case 'relu': return (x) => Math.max(0, x);
    case 'clip': return (x) => clamp(x, min, max);
    case 'sigmoid': return sigmoid;
    case 'log': return Math.log;
    case 'exp': return Math.exp;
    case 'sqrt': return Math.sqrt;
    case 'abs': return Math.abs;
    case 'neg': return (x) => -x;
    case 'tanh': return Math.tanh;
    case 'reciprocal': return (x) => 1 / x;
    case 'erf': return erf;
    case 'gelu': return (x) => 0.5 * x * (1 + erf(x * Math.SQRT1_2));
    case 'gelu-tanh': return (x) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));
    case 'swish': return (x) => x * sigmoid(alpha * x);
    case 'hard-sigmoid': return (x) => clamp(alpha * x + beta, 0, 1);
    case 'hard-swish': return (x) => x * clamp(x / 6 + 0.5, 0, 1);
    case 'mish': return (x) => x * Math.tanh(softplus(x));
    case 'softplus': return softplus;
    case 'softsign': return (x) => x / (1 + Math.abs(x));
    case 'leaky-relu': return (x) => (x < 0 ? alpha * x : x);
    case 'elu': return (x) => (x < 0 ? alpha * Math.expm1(x) : x);
    case 'selu': return (x) => beta * (x > 0 ? x : alpha * Math.expm1(x));
    case 'celu': return (x) => Math.max(0, x) + Math.min(0, alpha * Math.expm1(x / alpha));
    case 'thresholded-relu': return (x) => (x > alpha ? x : 0);
    case 'shrink': return (x) => (x < -alpha ? x + beta : x > alpha ? x - beta : 0);
    case 'floor': return Math.floor;
    case 'ceil': return Math.ceil;
    case 'round': return roundHalfEven;
    case 'trunc': return Math.trunc;
    case 'sign': return Math.sign;
    case 'not': return (x) => Number(x === 0);
    case 'sin': return Math.sin;
    case 'cos': return Math.cos;
    case 'tan': return Math.tan;
    case 'asin': return Math.asin;
    case 'acos': return Math.acos;
    case 'atan': return Math.atan;
    case 'sinh': return Math.sinh;
    case 'cosh': return Math.cosh;
    case 'asinh': return Math.asinh;
    case 'acosh': return Math.acosh;
    case 'atanh': return Math.atanh;
    case 'is-nan': return (x) => Number(Number.isNaN(x));
    case 'is-inf': return (x) => Number((x === -Infinity && alpha !== 0) || (x === Infinity && beta !== 0));
  }
} // biome-ignore format: a table

/** The remainder has the sign of the divisor. */
const floorMod = (a: number, b: number): number => {
  const rest = a % b;
  return rest !== 0 && rest < 0 !== b < 0 ? rest + b : rest;
};

/** As in C and NumPy, 1 to any power is 1, and so is −1 to an infinite one; ECMAScript has NaN. */
const power = (a: number, b: number): number => (a === 1 || (a === -1 && Math.abs(b) === Infinity) ? 1 : a ** b);

export const binaryFunctions64: Readonly<Record<BinaryStep['function'], (a: number, b: number) => number>> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  min: Math.min,
  max: Math.max,
  pow: power,
  mod: floorMod,
  fmod: (a, b) => a % b,
  'divide-whole': (a, b) => Math.trunc(a / b),
  equal: (a, b) => Number(a === b),
  less: (a, b) => Number(a < b),
  'less-equal': (a, b) => Number(a <= b),
  prelu: (a, b) => (a < 0 ? a * b : a),
};
