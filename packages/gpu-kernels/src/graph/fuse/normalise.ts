/**
 * Layer and root-mean-square normalisation that an exporter took apart (ReduceMean, Sub, Pow, ReduceMean, Add, Sqrt, Div,
 * then Mul and Add) become one `normalise` step, as do the scale and bias that follow any such step.
 */
import type { Step } from '../plan.ts';
import type { PlanBuilder } from '../plan-builder.ts';
import type { NormaliseStep } from '../plan-products.ts';
import type { BinaryStep } from '../plan-scalars.ts';
import { sameShape, sizeOf } from '../shapes.ts';
import { type StepIndex, sidesOf } from './views.ts';

const binary = (step: Step | undefined, name: BinaryStep['function']): BinaryStep | undefined =>
  step?.op === 'binary' && step.function === name ? step : undefined;

const isMeanOfRows = (index: StepIndex, id: number | undefined, x: number): boolean => {
  const step = id === undefined ? undefined : index.producer(id);
  return step?.op === 'reduce' && step.function === 'mean' && step.x === x && step.dimension === index.shape(x).length - 1;
};

/** x, if `id` is x · x. */
function squared(index: StepIndex, id: number): number | undefined {
  const step = binary(index.producer(id), 'mul');
  return step?.a !== undefined && step.a === step.b && sidesOf(index, step).length === 2 ? step.a : undefined;
}

/** Value and epsilon, if `id` is √(mean of the squares of value + epsilon). */
function rootOf(index: StepIndex, id: number | undefined): { x: number; epsilon: number } | undefined {
  const root = id === undefined ? undefined : index.producer(id);
  if (root?.op !== 'unary' || root.function !== 'sqrt') return undefined;
  const sum = binary(index.producer(root.x), 'add');
  const [side] = sum === undefined ? [] : sidesOf(index, sum);
  const epsilon = side?.other.weight === undefined ? undefined : index.weights.get(side.other.weight)?.data;
  const mean = side === undefined ? undefined : index.producer(side.value);
  if (epsilon?.length !== 1 || mean?.op !== 'reduce') return undefined;
  const x = squared(index, mean.x);
  return x !== undefined && isMeanOfRows(index, mean.output, mean.x) ? { x, epsilon: epsilon[0]! } : undefined;
}

/** x / root or x · (1 / root), in which x may be centred. */
function normalised(index: StepIndex, step: Step): NormaliseStep | undefined {
  if (step.op !== 'binary' || (step.function !== 'div' && step.function !== 'mul')) return undefined;
  for (const { value, other, isLeft } of sidesOf(index, step)) {
    if (other.id === undefined || other.strides.at(-1) !== 0 || (step.function === 'div' && !isLeft)) continue;
    const inverse = index.producer(other.id);
    const isInverse = inverse?.op === 'unary' && inverse.function === 'reciprocal';
    if (step.function === 'mul' && !isInverse) continue;
    const root = rootOf(index, step.function === 'div' ? other.id : (inverse as { x: number }).x);
    if (root?.x !== value) continue;
    const centring = binary(index.producer(value), 'sub');
    const source = centring === undefined ? undefined : sidesOf(index, centring).find((side) => side.isLeft);
    const centred = source !== undefined && isMeanOfRows(index, source.other.id, source.value);
    const x = centred ? source.value : value;
    // A single number may be read where it lies, in a value of other dimensions.
    if (!sameShape(index.shape(x), index.shape(step.output))) continue;
    const width = index.shape(x).at(-1)!;
    return {
      op: 'normalise',
      name: step.name,
      x,
      pixels: 1,
      groups: 1,
      width,
      epsilon: root.epsilon,
      centred,
      output: step.output,
    };
  }
  return undefined;
}

/** The weight that a step multiplies by or adds to each place along the last dimension. */
function parameterOf(index: StepIndex, step: Step | undefined, name: 'mul' | 'add', x: NormaliseStep): string | undefined {
  const next = binary(step, name);
  const side = next === undefined ? undefined : sidesOf(index, next).find(({ value }) => value === x.output);
  const weight = side?.other.weight;
  if (weight === undefined) return undefined;
  const { strides } = side!.other;
  const size = x.groups * x.width;
  const walksLast = strides.every((stride, d) => stride === (d === strides.length - 1 ? 1 : 0));
  const isOnePerPlace = index.shape(x.output).at(-1) === size && sizeOf(index.weights.get(weight)!.shape) === size;
  return walksLast && isOnePerPlace && size > 1 ? weight : undefined;
}

export function fuseNormalise(builder: PlanBuilder, indexOf: () => StepIndex): void {
  const index = indexOf();
  for (const [at, step] of builder.steps.entries()) builder.steps[at] = normalised(index, step) ?? step;
  for (const parameter of ['scale', 'bias'] as const) {
    const after = indexOf();
    const replaced = new Map<number, readonly Step[]>();
    for (const step of builder.steps.filter(({ op }) => op === 'normalise') as NormaliseStep[]) {
      if (step.bias !== undefined || (parameter === 'scale' && step.scale !== undefined)) continue;
      const reader = after.onlyReader(step.output);
      const weight = parameterOf(after, reader, parameter === 'scale' ? 'mul' : 'add', step);
      if (reader === undefined || weight === undefined) continue;
      replaced.set(step.output, []);
      replaced.set(reader.output, [{ ...step, name: reader.name, [parameter]: weight, output: reader.output }]);
    }
    builder.replaceAll(replaced);
  }
}
