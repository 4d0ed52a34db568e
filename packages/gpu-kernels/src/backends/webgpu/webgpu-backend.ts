/** The GPU backend as the main thread sees it: checks and packs here, everything that touches Dawn in one worker thread. */
import { DiptychError, isDiptychError, type Tensors } from '@diptych/plugin-kit/runtime';
import type { Plan, Step } from '../../graph/plan.ts';
import { sizeOf } from '../../graph/shapes.ts';
import { weightsReadBy } from '../../graph/tidy.ts';
import { maxRank, shapesOf } from '../../kernels/kernel.ts';
import { rowsAtOnce, splitProducts } from '../../kernels/split-products.ts';
import { isStrided, stridedLoops } from '../../kernels/strided.ts';
import type { KernelTime } from '../../profile/kernel-time.ts';
import type { Backend, Executable, Unsupported } from '../backend.ts';
import type { OpenedBackend } from '../opened-backend.ts';
import type { AdapterName } from './adapters.ts';
import { WebgpuExecutable } from './executable.ts';
import type { GpuOptions } from './gpu-options.ts';
import type { Opened } from './messages.ts';
import { WorkerLink } from './worker-link.ts';

/** Throws BACKEND_UNAVAILABLE where there is no adapter or Dawn does not load. */
export async function openWebgpu(options: GpuOptions = {}): Promise<OpenedBackend> {
  const link = new WorkerLink();
  let opened: Opened;
  try {
    opened = await link.ask<Opened>({ kind: 'open', options });
  } catch (cause) {
    await link.close();
    const reason =
      isDiptychError(cause) && cause.code === 'BACKEND_UNAVAILABLE'
        ? cause.message
        : `Dawn does not start: ${String(cause)}`;
    throw new DiptychError('BACKEND_UNAVAILABLE', reason, { cause });
  }
  const { software, matrices } = opened;
  return { backend: new WebgpuBackend(link, opened), software, ...(matrices && { matrices }) };
}

/** Every adapter that Dawn sees, in the order that `adapter` of `GpuOptions` counts; empty where Dawn does not load. */
export async function listWebgpuAdapters(): Promise<readonly AdapterName[]> {
  const link = new WorkerLink();
  try {
    return await link.ask<readonly AdapterName[]>({ kind: 'list-adapters' });
  } catch {
    return []; // why it does not load is the report of opening it
  } finally {
    await link.close();
  }
}

class WebgpuBackend implements Backend {
  readonly name = 'webgpu';
  readonly adapter: string;
  readonly times: KernelTime[] = [];
  readonly #link: WorkerLink;
  readonly #maxBindingSize: number;
  #models = 0;

  constructor(link: WorkerLink, opened: Opened) {
    this.#link = link;
    this.adapter = opened.description;
    this.#maxBindingSize = opened.maxBindingSize;
  }

  check(given: Plan): readonly Unsupported[] {
    const limit = this.#maxBindingSize;
    const { plan } = splitProducts(given, limit);
    const large = new Map(plan.weights.map(({ name, shape }) => [name, sizeOf(shape) * 4] as const).filter(([, size]) => size > limit)); // biome-ignore format: one expression
    const shapes = shapesOf(plan);
    const isInParts = (step: Step, name: string): boolean => step.op === 'gather' && name === step.xWeight && rowsAtOnce(step, shapes.weight(name), limit) !== undefined; // biome-ignore format: one condition
    return plan.steps.flatMap((step) => {
      const shape = plan.values[step.output]!.shape;
      const refuse = (reason: string): Unsupported[] => [{ step: step.name, op: step.op, reason }];
      const rank = isStrided(step) ? stridedLoops(step, shapes).sizes.length : 0;
      if (rank > maxRank) {
        return refuse(`${rank} dimensions that memory does not walk as one, at most ${maxRank} are implemented`);
      }
      if (sizeOf(shape) * 4 > limit) {
        return refuse(`one item needs ${sizeOf(shape) * 4} bytes, the adapter binds at most ${limit}`);
      }
      const weight = weightsReadBy(step).find((name) => large.has(name) && !isInParts(step, name));
      if (weight === undefined) return [];
      return refuse(`weight "${weight}" needs ${large.get(weight)} bytes, the adapter binds at most ${limit}`);
    });
  }

  async compile(plan: Plan, weights: Tensors, precision?: 'f32'): Promise<Executable> {
    const model = this.#models++;
    const largest = Math.max(...plan.values.map(({ shape }) => sizeOf(shape) * 4));
    // A batch whose values exceed one binding is run in parts, so that small adapters run the same plans.
    const fitting = Math.min(plan.batch, Math.floor(this.#maxBindingSize / largest));
    const data = plan.weights.map(({ name }) => weights[name]!.data);
    const load = (batch: number): Promise<void> =>
      this.#link.ask({ kind: 'compile', model, plan: { ...plan, batch }, weights: data, ...(precision && { precision }) });
    return new WebgpuExecutable(this.#link, plan, model, await halvedToFit(fitting, load), this.times);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#link.close();
  }
}

/** The most items at once for which `load` finds memory: a batch too large is halved until one item is too much. */
async function halvedToFit(items: number, load: (items: number) => Promise<void>): Promise<number> {
  try {
    await load(items);
    return items;
  } catch (error) {
    if (!isDiptychError(error) || error.code !== 'OUT_OF_MEMORY' || items === 1) throw error;
    return halvedToFit(Math.ceil(items / 2), load);
  }
}
