/** The last pass: drops steps and weights that nothing reads, and numbers values without gaps. */
import type { Plan, Step } from './plan.ts';

/** Fields that hold value ids. */
const valueFields = ['x', 'a', 'b', 'c', 'residual', 'indices', 'parameters', 'q', 'k', 'v', 'mask'] as const;
/** Fields that hold weight names. */
const weightFields = ['weight', 'bias', 'scale', 'xWeight', 'aWeight', 'bWeight', 'cWeight', 'indicesWeight', 'factorsWeight', 'parametersWeight', 'maskWeight'] as const; // biome-ignore format: a list

type Fields<Names extends string, T> = Partial<Record<Names, T>>;

/** Value ids that a step reads. */
export const valuesReadBy = (step: Step): number[] => {
  const fields = step as Fields<(typeof valueFields)[number], number>;
  return [...valueFields.flatMap((field) => fields[field] ?? []), ...(step.op === 'concat' ? step.parts : [])];
};

/** Weight names that a step reads. */
export const weightsReadBy = (step: Step): string[] => {
  const fields = step as Fields<(typeof weightFields)[number], string>;
  return weightFields.flatMap((field) => fields[field] ?? []);
};

/** The steps that the outputs need. Image steps stay: they are the image inputs of the plan. */
export function liveSteps(steps: readonly Step[], outputs: Iterable<number>): Step[] {
  const read = new Set(outputs);
  const live: Step[] = [];
  for (const step of steps.toReversed()) {
    if (!read.has(step.output) && step.op !== 'image') continue;
    for (const id of valuesReadBy(step)) read.add(id);
    live.push(step);
  }
  return live.reverse();
}

export function dropUnread(plan: Plan): Plan {
  const outputs = Object.values(plan.outputs).map(({ value }) => value);
  const steps = liveSteps(plan.steps, outputs);
  const kept = new Set([
    ...outputs,
    ...steps.flatMap(valuesReadBy),
    ...Object.values(plan.inputs),
    ...steps.map((step) => step.output),
  ]);
  const values = plan.values.filter(({ id }) => kept.has(id));
  const numbers = new Map(values.map(({ id }, index) => [id, index]));
  const names = new Set(steps.flatMap(weightsReadBy));
  const renumber = (id: number): number => numbers.get(id)!;
  return {
    ...plan,
    values: values.map(({ shape }, id) => ({ id, shape })),
    weights: plan.weights.filter(({ name }) => names.has(name)),
    steps: steps.map((step) => renumberStep(step, renumber)),
    inputs: Object.fromEntries(Object.entries(plan.inputs).map(([name, id]) => [name, renumber(id)])),
    outputs: Object.fromEntries(
      Object.entries(plan.outputs).map(([name, { value, shape }]) => [name, { value: renumber(value), shape }]),
    ),
  };
}

/** The step with other value ids. */
export function renumberStep(step: Step, renumber: (id: number) => number): Step {
  const fields: Record<string, unknown> = { ...step, output: renumber(step.output) };
  for (const field of valueFields) if (typeof fields[field] === 'number') fields[field] = renumber(fields[field]);
  if (step.op === 'concat') fields['parts'] = step.parts.map(renumber);
  return fields as unknown as Step;
}
