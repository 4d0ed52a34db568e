/** The CPU backend: the plan crosses into Rust once, batches after that. */
import { availableParallelism } from 'node:os';
import {
  DiptychError,
  type ErrorCode,
  errorTable,
  type ModelInputs,
  type Precision,
  type Tensor,
  type Tensors,
} from '@diptych/plugin-kit/runtime';
import { flopsOf } from '../../graph/flops.ts';
import { storedOf } from '../../graph/lazy-tensor.ts';
import type { Plan } from '../../graph/plan.ts';
import type { KernelTime } from '../../profile/kernel-time.ts';
import type { Backend, Executable, Unsupported } from '../backend.ts';
import {
  holdImages,
  type ImageCheck,
  imageSteps,
  outputNames,
  readRunInputs,
  tensorsOf,
  throwIfAborted,
} from '../run-inputs.ts';
import { type Addon, type CompiledPlan, loadAddon, type StoredWeight } from './addon.ts';

export interface NativeOptions {
  /** 0, the default, means all cores. */
  readonly threads?: number | undefined;
  /** Steps are timed. */
  readonly profile?: boolean | undefined;
  /** `f16` is none of this backend's. */
  readonly precision?: Precision;
}

/** Throws BACKEND_UNAVAILABLE, also where the processor has not the precision. */
export function openNative(options: NativeOptions = {}, addon: Addon = loadAddon()): Backend {
  const { threads = 0, profile = false } = options;
  const own = options.precision === 'bf16' ? 'bf16' : 'f32';
  if (own === 'bf16') checkBf16(addon);
  const times: KernelTime[] = [];
  const used = threads === 0 ? availableParallelism() : threads;
  return {
    name: 'native',
    times,
    adapter: `${addon.cpuName()}, ${used} thread${used === 1 ? '' : 's'}`,
    between: own === 'bf16' && addon.bfloat16Parts() > 1 ? ['bf16x2'] : [],
    check: (plan) => JSON.parse(asking(() => addon.checkPlan(JSON.stringify(plan)))) as Unsupported[],
    compile: async (plan, weights, precision) =>
      new NativeExecutable(
        addon,
        plan,
        compile(addon, plan, weights, [threads, precision ?? own]),
        await imageCheckOf(plan),
        profile ? times : undefined,
      ),
    [Symbol.asyncDispose]: async () => {},
  };
}

function checkBf16(addon: Addon): void {
  if (addon.bfloat16Parts() > 0) return;
  throw new DiptychError(
    'BACKEND_UNAVAILABLE',
    `expected a processor that multiplies bfloat16 faster than float32 (by AMX, as Intel Xeon since 2023 on Linux, or AMD since Zen 4) for precision bf16, found ${addon.cpuName()}; use precision f32`,
  );
}

type Precisions = Parameters<Addon['compilePlan']>[3];

function compile(
  addon: Addon,
  plan: Plan,
  weights: Tensors,
  how: readonly [threads: number, precision: Precisions],
): CompiledPlan {
  return asking(() =>
    addon.compilePlan(
      JSON.stringify(plan),
      plan.weights.map(({ name }) => addonWeight(weights[name]!)),
      ...how,
    ),
  );
}

function addonWeight(tensor: Tensor): StoredWeight {
  const { source, rows, columns } = storedOf(tensor);
  return { ...('path' in source ? source : { bytes: source }), rows, columns };
}

/** It brings all of image preparation. */
const imageCheckOf = async (plan: Plan): Promise<ImageCheck | undefined> =>
  imageSteps(plan).length === 0 ? undefined : (await import('../image-inputs.ts')).checkImage;

class NativeExecutable implements Executable {
  readonly #addon: Addon;
  readonly #plan: Plan;
  #compiled: CompiledPlan | undefined;
  readonly #checkImage: ImageCheck | undefined;
  readonly #times: KernelTime[] | undefined;
  /** Milliseconds by value that `times` holds. */
  #recorded: readonly number[] = [];

  constructor(
    addon: Addon,
    plan: Plan,
    compiled: CompiledPlan,
    checkImage: ImageCheck | undefined,
    times: KernelTime[] | undefined,
  ) {
    this.#addon = addon;
    this.#times = times;
    this.#plan = plan;
    this.#checkImage = checkImage;
    this.#compiled = compiled;
  }

  async run(inputs: ModelInputs, signal?: AbortSignal): Promise<Tensors> {
    throwIfAborted(signal);
    if (this.#compiled === undefined)
      throw new DiptychError('INVARIANT_BROKEN', `Model "${this.#plan.name}" was run after it was disposed of.`);
    const { items, tensors, images } = readRunInputs(this.#plan, inputs, this.#checkImage);
    if (items === 0)
      return tensorsOf(
        this.#plan,
        0,
        outputNames(this.#plan).map(() => new Float32Array(0)),
      );
    const release = holdImages(this.#plan, inputs);
    try {
      const outputs = await this.#compiled.run(items, tensors, images);
      if (this.#times !== undefined) this.#record(this.#times, items);
      return tensorsOf(this.#plan, items, outputs);
    } catch (cause) {
      throw fromAddon(cause);
    } finally {
      release();
    }
  }

  /** What the steps took since the last record, one after another as if one thread had done them: runs that overlap count once. */
  #record(times: KernelTime[], items: number): void {
    const before = this.#recorded;
    const after = this.#compiled?.stepMilliseconds() ?? before;
    this.#recorded = after;
    let start = performance.now();
    for (const step of this.#plan.steps) {
      if (step.op === 'reshape') continue;
      const milliseconds = (after[step.output] ?? 0) - (before[step.output] ?? 0);
      if (milliseconds === 0) continue; // joined with the step that reads it
      const flops = flopsOf(step, this.#plan) * items;
      times.push({ model: this.#plan.name, step: step.name, op: step.op, kernel: 'Rust', start, milliseconds, flops }); // biome-ignore format: one record
      start += milliseconds;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const compiled = this.#compiled;
    this.#compiled = undefined;
    if (compiled !== undefined) this.#addon.disposePlan(compiled);
  }
}

/** The addon writes `CODE: message`; anything else is a fault of ours. */
function asking<T>(work: () => T): T {
  try {
    return work();
  } catch (cause) {
    throw fromAddon(cause);
  }
}

function fromAddon(cause: unknown): DiptychError {
  const text = cause instanceof Error ? cause.message : String(cause);
  const [, code = '', message = text] = /^([A-Z_]+): (.*)$/s.exec(text) ?? [];
  const known = Object.hasOwn(errorTable, code) ? (code as ErrorCode) : 'INVARIANT_BROKEN';
  return new DiptychError(known, message, { cause });
}
