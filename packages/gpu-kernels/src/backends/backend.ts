/**
 * The contract two real backends and one oracle implement. A backend runs whole plans, never single ops.
 * `check` names what it cannot run before any memory is taken; `compile` makes a plan resident; an `Executable`
 * runs any number of items from 0 to the plan's batch and is disposed by its owner.
 */
import type { BackendName, ModelInputs, Precision, Tensors } from '@diptych/plugin-kit';
import type { Plan } from '../graph/plan.ts';
import type { KernelTime } from '../profile/kernel-time.ts';

export interface Unsupported {
  readonly step: string;
  readonly op: string;
  readonly reason: string;
}

export interface Executable extends AsyncDisposable {
  run(inputs: ModelInputs, signal?: AbortSignal): Promise<Tensors>;
}

export interface Backend extends AsyncDisposable {
  readonly name: BackendName;
  /** Adapter or CPU in words. */
  readonly adapter: string;
  /** What each kernel took in each run so far, where the backend was opened with `profile`; it grows with every run. */
  readonly times: readonly KernelTime[];
  check(plan: Plan): readonly Unsupported[];
  /** `precision` other than the backend's own: `f32` on one that was opened with `f16`. */
  compile(plan: Plan, weights: Tensors, precision?: Precision): Promise<Executable>;
}
