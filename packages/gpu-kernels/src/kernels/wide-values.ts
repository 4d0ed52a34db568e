/**
 * Values that soon leave the range of float16, from 6e-8 to 65504, though what is made of them does not: powers that are summed, as in norms
 * and variances that a file writes out; what is computed from such sums alone; and what a softmax takes. They stay float32.
 */
import type { Plan, Step, StepOp } from '../graph/plan.ts';
import { valuesReadBy } from '../graph/tidy.ts';

const moves: ReadonlySet<StepOp> = new Set(['reshape', 'transpose', 'copy', 'pad', 'concat']);
/** Over places or channels. */
const addsUp = (step: Step): boolean =>
  step.op === 'global-average-pool' ||
  (step.op === 'pool' && step.function !== 'max') ||
  (step.op === 'reduce' && step.function !== 'max' && step.function !== 'min');

/** The step that made each value. */
const makersOf = (plan: Plan): ReadonlyMap<number, Step> => new Map(plan.steps.map((step) => [step.output, step]));

/** Whether it makes a power of a value, or exponentials: those of 12 are beyond float16. */
function makesPower(step: Step | undefined, makers: ReadonlyMap<number, Step>): boolean {
  if (step === undefined) return false;
  if (step.op === 'unary') return step.function === 'exp';
  if ('activation' in step && step.activation?.kind === 'exp') return true;
  if (step.op !== 'binary') return false;
  if (step.function !== 'mul') return step.function === 'pow';
  return (step.a !== undefined && step.a === step.b) || valuesReadBy(step).some((id) => makesPower(makers.get(id), makers));
}

/** Powers that are added up, and what lies between by moves. */
function summedPowers(plan: Plan): Set<number> {
  const makers = makersOf(plan);
  const found = new Set<number>();
  const visit = (id: number): boolean => {
    const maker = makers.get(id);
    if (maker === undefined) return false;
    const isPower = moves.has(maker.op) ? valuesReadBy(maker).map(visit).includes(true) : makesPower(maker, makers);
    if (isPower) found.add(id);
    // The square of which a cube is made is a power as well.
    if (isPower && maker.op === 'binary') for (const part of valuesReadBy(maker)) visit(part);
    return isPower;
  };
  for (const step of plan.steps) if (addsUp(step)) for (const id of valuesReadBy(step)) visit(id);
  return found;
}

/** Sums over a dimension or of powers, and what is computed from them and constants alone, such as a variance and the root of it. */
function statistics(plan: Plan, powers: ReadonlySet<number>): Set<number> {
  const found = new Set<number>();
  for (const step of plan.steps) {
    const read = valuesReadBy(step);
    const isSum = step.op === 'reduce' || (addsUp(step) && read.some((id) => powers.has(id)));
    const isDerived = step.op === 'binary' || step.op === 'unary' || moves.has(step.op);
    if (isSum || (isDerived && read.length > 0 && read.every((id) => found.has(id)))) found.add(step.output);
  }
  return found;
}

const betweenScores: ReadonlySet<StepOp> = new Set<StepOp>([...moves, 'binary', 'unary', 'select']);

/** Scores that a softmax takes, to the products that they come from: a mask adds −3.4e38, of which float16 makes −∞, and a row of −∞ alone is NaN. */
function scores(plan: Plan): Set<number> {
  const found = new Set<number>();
  for (const step of plan.steps.toReversed()) {
    if (step.op === 'softmax') found.add(step.x);
    if (found.has(step.output) && betweenScores.has(step.op)) for (const id of valuesReadBy(step)) found.add(id);
  }
  return found;
}

export function wideValues(plan: Plan): Set<number> {
  const powers = summedPowers(plan);
  return new Set([...powers, ...statistics(plan, powers), ...scores(plan)]);
}
