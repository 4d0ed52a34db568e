/**
 * Which values of a plan are stored as float16. A value is, if every kernel that touches it works in either storage and it
 * is not seen from outside: inputs, outputs and prepared images stay float32. So a kernel that knows float32 only is
 * slower in a half-precision plan, never wrong. What would lose more by it than it gains stays float32 too: `single-values.ts` says what.
 */
import type { Plan } from '../graph/plan.ts';
import type { Dispatch, Storage, Target } from './kernel.ts';
import { shapesOf } from './kernel.ts';
import { dispatchesOf, type KernelStep } from './kernel-table.ts';
import { rootsOf, singleValues } from './single-values.ts';

/** True where the kernel declares that binding as an array of its alias (see `Dispatch`) or says so itself. */
function takesEither({ kernel, eitherStorage = [] }: Dispatch, binding: number): boolean {
  return eitherStorage.includes(binding) || `${kernel.library}${kernel.source}`.includes(`array<T${binding}>`);
}

/** Storage of each value, by id. */
export function assignStorage(plan: Plan, target: Target): readonly Storage[] {
  if (target.precision === 'f32') return plan.values.map(() => 'f32');
  const roots = rootsOf(plan);
  const outputs = Object.values(plan.outputs).map(({ value }) => value);
  const images = plan.steps.filter(({ op }) => op === 'image').map(({ output }) => output);
  const single = new Set([...Object.values(plan.inputs), ...outputs, ...images, ...singleValues(plan)].map((id) => roots[id]!)); // biome-ignore format: one set
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
