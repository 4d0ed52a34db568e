/**
 * Values that stay float32 in half precision. What an index or whole result is computed from, and what is compared: float16 has
 * no whole numbers beyond 2048 in a row. Scales that are taken from ranges. What is divided by, and what leaves float16's range (`wide-values.ts`). And where float32 costs next to nothing and loses
 * least: an item's single rows, and the sums that layer normalisations read.
 */
import type { Plan, Step, StepOp } from '../graph/plan.ts';
import { sizeOf } from '../graph/shapes.ts';
import { valuesReadBy } from '../graph/tidy.ts';
import { wideValues } from './wide-values.ts';

/** The value whose memory each one shares, by id: a reshape has none of its own. */
export function rootsOf(plan: Plan): readonly number[] {
  const roots = plan.values.map(({ id }) => id);
  for (const step of plan.steps) if (step.op === 'reshape') roots[step.output] = roots[step.x]!;
  return roots;
}

/** Indices and every value that they are computed from. */
export function behindIndices(plan: Plan): Set<number> {
  const found = new Set<number>();
  for (const step of plan.steps.toReversed()) {
    if (step.op === 'gather' && step.indices !== undefined) found.add(step.indices);
    if (found.has(step.output)) for (const id of valuesReadBy(step)) found.add(id);
  }
  return found;
}

/** Ops through which whole numbers stay whole; what lies before others is no number that is compared. */
export const keepsWhole: ReadonlySet<string> = new Set([
  'binary',
  'concat',
  'copy',
  'reduce',
  'reshape',
  'select',
  'transpose',
  'unary',
]);
const compares: ReadonlySet<string> = new Set(['equal', 'less', 'less-equal', 'mod', 'fmod', 'divide-whole']);

/** What is compared or a whole result, and what that is computed from by such ops: places and counts may be among it. */
function behindComparisons(plan: Plan): Set<number> {
  const found = new Set<number>((plan.wholeOutputs ?? []).map((name) => plan.outputs[name]!.value));
  for (const step of plan.steps.toReversed()) {
    const isCompared = step.op === 'binary' && compares.has(step.function);
    const isBehind = found.has(step.output) && keepsWhole.has(step.op);
    if (isCompared || isBehind) for (const id of valuesReadBy(step)) found.add(id);
  }
  return found;
}

/** Scales taken from ranges, and what is computed from them and constants alone: products of scales leave float16's range. */
function fromRanges(plan: Plan): Set<number> {
  const found = new Set<number>();
  for (const step of plan.steps) {
    const read = valuesReadBy(step);
    if (step.op === 'quantize-range' || (read.length > 0 && read.every((id) => found.has(id)))) found.add(step.output);
  }
  return found;
}

/** Longer ones are flattened images rather than what was found in them; VGG's layers have 4096 numbers. */
const longestRow = 8192;

export const isSingleRow = (shape: readonly number[]): boolean =>
  sizeOf(shape.slice(0, -1)) === 1 && (shape.at(-1) ?? 1) <= longestRow;

/**
 * Pooled features, gates, the class token and what is made of them: a row an item, which is little to store, and each of its
 * numbers changes whole channels or the scores themselves.
 */
function singleRows(plan: Plan): number[] {
  const roots = rootsOf(plan);
  return plan.values.filter(({ id, shape }) => roots[id] === id && isSingleRow(shape)).map(({ id }) => id);
}

const addsUp = (step: Step): boolean => (step.op === 'binary' && step.function === 'add') || ('residual' in step && step.residual !== undefined); // biome-ignore format: one condition
const isOfLayers = (step: Step): boolean => step.op === 'normalise' && step.pixels === 1 && step.groups === 1;
/** What reads its operands many times over: halves are half the traffic there, and their rounding is one of many in a sum. */
const products: ReadonlySet<StepOp> = new Set(['conv2d', 'conv-transpose2d', 'gemm', 'matmul', 'attention']);

/**
 * Sums that layer normalisations read and no product does, as those between the blocks of a transformer: each block adds to
 * them, so that what their rounding loses adds up to the last, while products read the normalised halves.
 */
function sumsBeforeNorms(plan: Plan): Set<number> {
  const roots = rootsOf(plan);
  const [normalised, multiplied] = [new Set<number>(), new Set<number>()];
  for (const step of plan.steps) {
    const residual = 'residual' in step ? step.residual : undefined;
    for (const id of valuesReadBy(step)) {
      if (isOfLayers(step)) normalised.add(roots[id]!);
      if (products.has(step.op) && id !== residual) multiplied.add(roots[id]!);
    }
  }
  const sums = plan.steps.filter(addsUp).map(({ output }) => output);
  return new Set(sums.filter((id) => normalised.has(id) && !multiplied.has(id)));
}

/** What such a step must not find at 0. */
function divisorOf(step: Step): number | undefined {
  if (step.op === 'unary' && (step.function === 'reciprocal' || step.function === 'log')) return step.x;
  if (step.op !== 'binary') return undefined;
  return step.function === 'div' ? step.b : step.function === 'pow' ? step.a : undefined;
}
const keepsPositive = (step: Step): boolean =>
  step.op === 'reshape' ||
  step.op === 'copy' ||
  step.op === 'transpose' ||
  (step.op === 'unary' && (step.function === 'clip' || step.function === 'sqrt')) ||
  (step.op === 'binary' && (step.function === 'add' || step.function === 'max') && valuesReadBy(step).length === 1);

/**
 * What is divided by, and what it is computed from by roots, bounds and copies: the bound that keeps a norm from 0, such as 1e-12, is 0 in
 * float16, and 0 / 0 is no number.
 */
function divisors(plan: Plan): Set<number> {
  const found = new Set<number>();
  for (const step of plan.steps.toReversed()) {
    const divisor = divisorOf(step);
    if (divisor !== undefined) found.add(divisor);
    if (found.has(step.output) && keepsPositive(step)) for (const id of valuesReadBy(step)) found.add(id);
  }
  return found;
}

/** Every value that stays float32 whatever its kernels can; what shares its memory does so too. */
export const singleValues = (plan: Plan): readonly number[] =>
  [behindIndices, behindComparisons, fromRanges, divisors, singleRows, sumsBeforeNorms, wideValues].flatMap((found) => [
    ...found(plan),
  ]);
