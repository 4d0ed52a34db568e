/** Functions of one number on constants: tables of angles and positions that networks compute. In doubles, rounded once. */
import { opUnsupported } from '../../graph/graph-errors.ts';
import type { FunctionParameters, UnaryFunction } from '../../graph/plan-scalars.ts';
import { unaryFunctionOf } from '../../graph/scalar-functions.ts';
import { allocate, type Constant, isFloat } from '../constant.ts';
import type { FoldCall } from '../node-call.ts';

/** Series take as long as so many products. */
const slow: ReadonlySet<UnaryFunction> = new Set(['erf', 'gelu']);
const slowness = 32;

const functionOf =
  (name: UnaryFunction, ...parameters: readonly (readonly [attribute: string, fallback: number])[]) =>
  (call: FoldCall): Constant[] => {
    const [alpha = 0, beta = 0] = parameters.map(([attribute, fallback]) => call.attributes.number(attribute, fallback));
    call.attributes.finish();
    return [computed(call, name, { alpha, beta })];
  };

function computed(call: FoldCall, name: UnaryFunction, parameters: FunctionParameters): Constant {
  const x = call.input(0);
  const isTest = name === 'is-nan' || name === 'is-inf';
  const keepsWhole = ['relu', 'sign', 'clip'].includes(name);
  if (!isFloat(x.type) && !keepsWhole) throw opUnsupported(call.node, `${x.type} numbers of a constant`);
  if (slow.has(name)) call.spend(slowness * x.data.length);
  const compute = unaryFunctionOf(name, parameters);
  const type = isTest ? 'bool' : x.type;
  const data = allocate(type, x.shape, call.place);
  for (let index = 0; index < data.length; index++) data[index] = compute(x.data[index]!);
  return { type, shape: x.shape, data };
}

/** Bounds are inputs since opset 11, to which older files are brought. */
function Clip(call: FoldCall): Constant[] {
  const bound = (index: number, name: string, fallback: number): number =>
    call.optional(index)?.data[0] ?? call.attributes.number(name, fallback);
  const [min, max] = [bound(1, 'min', -Infinity), bound(2, 'max', Infinity)];
  call.attributes.finish();
  return [computed(call, 'clip', { min, max })];
}

function Gelu(call: FoldCall): Constant[] {
  const approximate = call.attributes.string('approximate', 'none');
  call.attributes.finish();
  return [computed(call, approximate === 'tanh' ? 'gelu-tanh' : 'gelu', {})];
}

export const functionFolds = {
  Acos: functionOf('acos'), Acosh: functionOf('acosh'), Asin: functionOf('asin'), Asinh: functionOf('asinh'), Atan: functionOf('atan'),
  Atanh: functionOf('atanh'), Clip, Cos: functionOf('cos'), Cosh: functionOf('cosh'), Elu: functionOf('elu', ['alpha', 1]),
  Erf: functionOf('erf'), Gelu, HardSigmoid: functionOf('hard-sigmoid', ['alpha', 0.2], ['beta', 0.5]),
  HardSwish: functionOf('hard-swish'), IsInf: functionOf('is-inf', ['detect_negative', 1], ['detect_positive', 1]),
  IsNaN: functionOf('is-nan'), LeakyRelu: functionOf('leaky-relu', ['alpha', 0.01]), Relu: functionOf('relu'),
  Round: functionOf('round'), Sigmoid: functionOf('sigmoid'), Sign: functionOf('sign'), Sin: functionOf('sin'),
  Sinh: functionOf('sinh'), Softplus: functionOf('softplus'), Softsign: functionOf('softsign'), Swish: functionOf('swish', ['alpha', 1]),
  Tan: functionOf('tan'), Tanh: functionOf('tanh'),
} as const; // biome-ignore format: a table
