import { type FunctionParameters, type UnaryFunction, unaryFunctions } from '../../graph/plan-scalars.ts';
import type { KernelCase } from '../case.ts';

/** A few units in the last place: what kernels write out must not lean on the loose accuracy that WGSL promises. */
const tight = { maxNmse: 1e-11, reason: 'float32 functions to a few units in the last place' };

const ranges: Readonly<Partial<Record<UnaryFunction, readonly [number, number]>>> = {
  log: [0.01, 9],
  sqrt: [0.01, 9],
  reciprocal: [0.01, 9],
  sin: [-50, 50],
  cos: [-50, 50],
  tan: [-1.4, 1.4],
  asin: [-1, 1],
  acos: [-1, 1],
  atan: [-9, 9],
  acosh: [1.01, 9],
  atanh: [-0.99, 0.99],
};
/** Parameters that tests give functions which have some. */
export const unaryParameters: Readonly<Partial<Record<UnaryFunction, FunctionParameters>>> = {
  clip: { min: -0.25, max: 0.5 },
  swish: { alpha: 1.702 },
  'hard-sigmoid': { alpha: 0.2, beta: 0.5 },
  'leaky-relu': { alpha: 0.01 },
  elu: { alpha: 1.5 },
  selu: { alpha: 1.6732632, beta: 1.050701 },
  celu: { alpha: 0.75 },
  'thresholded-relu': { alpha: 0.5 },
  shrink: { alpha: 0.5, beta: 0.25 },
  'is-inf': { alpha: 1, beta: 1 },
};

const unary = (
  name: string,
  given: UnaryFunction,
  range: readonly [number, number],
  rest: Partial<KernelCase> = {},
): KernelCase => ({
  name: `unary: ${name}`,
  seed: unaryFunctions.indexOf(given),
  inputs: [[5, 7, 3]],
  output: [5, 7, 3],
  step: { op: 'unary', function: given, x: 0, ...unaryParameters[given] },
  range,
  tolerance: tight,
  ...rest,
});

export const unaryCases: readonly KernelCase[] = [
  ...unaryFunctions.map((name) => unary(name, name, ranges[name] ?? [-3, 3])),
  unary('not, of whole numbers', 'not', [-2, 2], { whole: true }),
  unary('sign, of whole numbers', 'sign', [-2, 2], { whole: true }),
  ...(['sigmoid', 'tanh', 'erf', 'gelu', 'gelu-tanh', 'swish', 'mish', 'softplus'] as const).map((name) =>
    unary(`${name} far out`, name, [-500, 500]),
  ),
  ...(['erf', 'tanh', 'sin', 'asin', 'atan', 'sinh'] as const).map((name) =>
    unary(`${name} of small numbers`, name, [-1e-3, 1e-3]),
  ),
];
