/**
 * The contract two real backends and one oracle implement. A backend runs whole plans, never single ops.
 * `check` names what it cannot run before any memory is taken; `compile` makes a plan resident; an `Executable`
 * runs any number of items from 0 to the plan's batch and is disposed by its owner.
 */
import type { BackendName, FinerPrecision, ModelInputs, Tensors } from '@diptych/plugin-kit';
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
  /** What lies between the precision that it was opened with and `f32`, and is faster than `f32` here; none where absent. */
  readonly between?: readonly Exclude<FinerPrecision, 'f32'>[];
  /** In the precision that the backend was opened with, one of `between`, or `f32`. */
  compile(plan: Plan, weights: Tensors, precision?: FinerPrecision): Promise<Executable>;
}
