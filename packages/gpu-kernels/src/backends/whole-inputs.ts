/**
 * Inputs that hold whole numbers: integers and truth of a file, and places in a table. What they hold is checked here, before
 * any backend: float32 does not count beyond 2^24, and a GPU cannot raise an error for a place that a table does not have.
 */
import type { Plan } from '../graph/plan.ts';

export interface WholeRange {
  readonly least: number;
  readonly most: number;
  /** Why no more, in words. */
  readonly reason: string;
}

const counted: WholeRange = {
  least: 1 - 2 ** 24,
  most: 2 ** 24 - 1,
  reason: 'the whole numbers that float32 holds one by one',
};

const known = new WeakMap<Plan, ReadonlyMap<string, WholeRange>>();

/** By input name; inputs that are not in it take any numbers. */
export function wholeRanges(plan: Plan): ReadonlyMap<string, WholeRange> {
  const found = known.get(plan) ?? findRanges(plan);
  known.set(plan, found);
  return found;
}

function findRanges(plan: Plan): ReadonlyMap<string, WholeRange> {
  const ranges = new Map((plan.wholeInputs ?? []).map((name) => [name, counted]));
  // Values that are an input, or the same numbers in another shape.
  const names = new Map(Object.entries(plan.inputs).map(([name, id]) => [id, name]));
  const weights = new Map(plan.weights.map(({ name, shape }) => [name, shape]));
  for (const step of plan.steps) {
    const source = step.op === 'reshape' ? names.get(step.x) : undefined;
    if (source !== undefined) names.set(step.output, source);
    const name = step.op === 'gather' && step.indices !== undefined ? names.get(step.indices) : undefined;
    if (step.op !== 'gather' || name === undefined) continue;
    const shape = step.x === undefined ? weights.get(step.xWeight!)! : plan.values[step.x]!.shape;
    const length = Math.min(shape[step.dimension]!, (ranges.get(name)?.most ?? Infinity) + 1);
    ranges.set(name, { least: -length, most: length - 1, reason: `places in the ${length} rows of "${step.name}", also from the end` }); // biome-ignore format: one call
  }
  return ranges;
}

/** The first number that is not whole or leaves the range, with its place. */
export function firstOutside(data: Float32Array, { least, most }: WholeRange): { value: number; at: number } | undefined {
  for (let at = 0; at < data.length; at++) {
    const value = data[at]!;
    if (!(value >= least && value <= most && value === Math.trunc(value))) return { value, at };
  }
  return undefined;
}
