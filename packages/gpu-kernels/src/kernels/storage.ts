/**
 * Which values of a plan are stored as float16. A value is, if every kernel that touches it works in either storage and it
 * is not seen from outside: inputs, outputs and prepared images stay float32. So a kernel that knows float32 only is
 * slower in a half-precision plan, never wrong. What an index or whole result is computed from, and what is compared, stays float32 too:
 * float16 has no whole numbers beyond 2048 in a row; and so do scales that are taken from ranges.
 */
import type { Plan } from '../graph/plan.ts';
import { valuesReadBy } from '../graph/tidy.ts';
import type { Dispatch, Storage, Target } from './kernel.ts';
import { shapesOf } from './kernel.ts';
import { dispatchesOf, type KernelStep } from './kernel-table.ts';

/** True where the kernel declares that binding as an array of its alias (see `Dispatch`) or says so itself. */
function takesEither({ kernel, eitherStorage = [] }: Dispatch, binding: number): boolean {
  return eitherStorage.includes(binding) || `${kernel.library}${kernel.source}`.includes(`array<T${binding}>`);
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
const keepsWhole: ReadonlySet<string> = new Set([
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

/** Storage of each value, by id. */
export function assignStorage(plan: Plan, target: Target): readonly Storage[] {
  if (target.precision === 'f32') return plan.values.map(() => 'f32');
  const roots = plan.values.map(({ id }) => id);
  for (const step of plan.steps) if (step.op === 'reshape') roots[step.output] = roots[step.x]!;
  const outputs = Object.values(plan.outputs).map(({ value }) => value);
  const images = plan.steps.filter(({ op }) => op === 'image').map(({ output }) => output);
  const single = new Set([...Object.values(plan.inputs), ...outputs, ...images, ...behindIndices(plan), ...behindComparisons(plan), ...fromRanges(plan)].map((id) => roots[id]!)); // biome-ignore format: one set
  // What a kernel takes is asked as if all were halves; which storage it then gets changes its constants only.
  const shapes = shapesOf(plan, target, () => 'f16');
  for (const step of plan.steps) {
    if (step.op === 'image' || step.op === 'reshape') continue;
    for (const dispatch of dispatchesOf(step as KernelStep, shapes)) {
      dispatch.bindings.forEach((reference, index) => {
        if (reference === 'zero' || !('value' in reference)) return;
        if (!takesEither(dispatch, index + 1)) single.add(roots[reference.value]!);
      });
    }
  }
  return roots.map((root) => (single.has(root) ? 'f32' : 'f16'));
}

/** The dispatch with the aliases that its kernel's bindings are declared with. */
function withStorage(dispatch: Dispatch, storage: readonly Storage[]): Dispatch {
  const { kernel, bindings, constants } = dispatch;
  const text = `${kernel.library}${kernel.source}`;
  const aliases = bindings.flatMap((reference, index): [string, Storage][] => {
    if (!text.includes(`array<T${index + 1}>`)) return [];
    const isValue = reference !== 'zero' && 'value' in reference;
    return [[`T${index + 1}`, isValue ? storage[reference.value]! : 'f32']];
  });
  return { ...dispatch, constants: { ...constants, ...Object.fromEntries(aliases) } };
}

export interface PlannedDispatch extends Dispatch {
  readonly step: KernelStep;
}

/** Every dispatch of a plan as it will run. */
export function planDispatches(plan: Plan, target: Target, storage: readonly Storage[]): readonly PlannedDispatch[] {
  const shapes = shapesOf(plan, target, (id) => storage[id]!);
  const steps = plan.steps.filter((step) => step.op !== 'image' && step.op !== 'reshape') as KernelStep[];
  return steps.flatMap((step) =>
    dispatchesOf(step, shapes).map((dispatch) => ({ ...withStorage(dispatch, storage), step })),
  );
}
