/**
 * Parts of a join whose sign is turned, before a product with a constant: the signs go into the constant, which is exact. Rotary
 * positions are written so, `concat(−x[half:], x[:half]) · sin`, and what is left of them are moves.
 */
import type { Step } from '../plan.ts';
import type { PlanBuilder } from '../plan-builder.ts';
import type { BinaryStep } from '../plan-scalars.ts';
import { sizeOf } from '../shapes.ts';
import { type StepIndex, sidesOf } from './views.ts';

/** Numbers of constants that are written again, for one plan. */
const mostWritten = 2 ** 22;

/** The same join without the turned signs, and the sign of each place along the last dimension. */
function withoutSigns(index: StepIndex, id: number): { readonly join: Step; readonly signs: readonly number[] } | undefined {
  const join = index.producer(id);
  if (join?.op !== 'concat' || index.onlyReader(id) === undefined || join.dimension !== index.shape(id).length - 1)
    return undefined;
  const sources = join.parts.map((part) => {
    const step = index.producer(part);
    const isTurned = step?.op === 'unary' && step.function === 'neg' && index.onlyReader(part) === join;
    return { part: isTurned ? step.x : part, sign: isTurned ? -1 : 1, width: index.shape(part).at(-1)! };
  });
  if (sources.every(({ sign }) => sign === 1)) return undefined;
  const signs = sources.flatMap(({ sign, width }) => new Array<number>(width).fill(sign));
  return { join: { ...join, parts: sources.map(({ part }) => part) }, signs };
}

/** Whether a constant has its innermost numbers along the last dimension, and only there. */
const isAlongLast = (strides: readonly number[], shape: readonly number[], size: number): boolean => {
  const width = shape.at(-1)!;
  return size % width === 0 && strides.at(-1) === 1 && strides.slice(0, -1).every((stride) => stride % width === 0);
};

function turned(builder: PlanBuilder, index: StepIndex, step: BinaryStep): readonly Step[] | undefined {
  if (step.function !== 'mul') return undefined;
  for (const { value, other, isLeft } of sidesOf(index, step)) {
    const weight = other.weight === undefined ? undefined : builder.weights.get(other.weight);
    const found = weight === undefined ? undefined : withoutSigns(index, value);
    if (found === undefined || !isAlongLast(other.strides, index.shape(value), sizeOf(weight!.shape))) continue;
    const data = weight!.data.map((number, at) => number * found.signs[at % found.signs.length]!);
    const name = builder.addWeight(`${other.weight}:signs${step.output}`, { shape: weight!.shape, data });
    return [found.join, { ...step, ...(isLeft ? { bWeight: name } : { aWeight: name }) }];
  }
  return undefined;
}

export function fuseSigns(builder: PlanBuilder, index: StepIndex): void {
  const replaced = new Map<number, readonly Step[]>();
  let left = mostWritten;
  for (const step of builder.steps) {
    if (step.op !== 'binary' || left <= 0) continue;
    for (const next of turned(builder, index, step) ?? []) {
      replaced.set(next.output, [next]);
      left -= sizeOf(index.shape(next.output));
    }
  }
  builder.replaceAll(replaced);
}
