/**
 * The runtime: image preparation and neural inference on WebGPU, on the native addon, or on the slow reference.
 * Importing this file loads no backend and no planner: the backend that opens is imported then, the planner with the first network.
 */
import {
  type BackendName,
  type BeyondHalf,
  DiptychError,
  type LoadOptions,
  type Model,
  type Precision,
  type Runtime,
  type RuntimeInfo,
} from '@diptych/plugin-kit/runtime';
import type { Backend } from './backends/backend.ts';
import type { PlannedGraph } from './graph/planner.ts';
import {
  adapterOf,
  backendNames,
  backendOf,
  type Chosen,
  type OpenOptions,
  openBest,
  openFirst,
  precisionOf,
  preferredOf,
  tryOpen,
} from './open-backend.ts';
import type { KernelTime } from './profile/kernel-time.ts';

export type { Plan } from './graph/plan.ts';
export type { KernelTime } from './profile/kernel-time.ts';
export { chromeTrace, type ProfileRow, profileRows } from './profile/profile-report.ts';

export interface TimedRuntime extends Runtime {
  /** What each kernel took in each run so far, where the runtime was opened with `profile`. */
  readonly times: readonly KernelTime[];
}

export interface RuntimeOptions extends OpenOptions {
  /** One name, or several in order. Without it `DIPTYCH_BACKEND` decides, and without that Diptych chooses the fastest. */
  readonly prefer?: BackendName | readonly BackendName[];
  /**
   * Half precision only, true if absent: every network is compared with float32 when it is loaded, and where it loses more than
   * cosine 0.999 and scores 0.001 apart, it is computed in two parts of bfloat16, if that is enough and the backend has them, or in
   * float32. `info.beyondHalf` and `log` say so.
   */
  readonly checkHalf?: boolean;
  /** Hears what the user should know of, a sentence at a time. */
  readonly log?: (message: string) => void;
}

/**
 * Opens a backend. A backend asked for by name that does not open is BACKEND_UNAVAILABLE with reasons, never another one;
 * a choice that Diptych made itself says in `info.rejected` what did not open. A name that no backend or precision has is
 * USAGE, in an option as in the environment. Who names an adapter asks for `webgpu`, who names half precision for the backend
 * that has it. `load` and `loadOnnx` reject with GRAPH_INVALID where graph and weights do not fit, and with OP_UNSUPPORTED,
 * naming op and node, where the backend cannot run it.
 */
export async function openRuntime(options: RuntimeOptions = {}): Promise<TimedRuntime> {
  const precision = precisionOf(options);
  const only = adapterOf(options) === undefined ? backendOf[precision] : 'webgpu';
  const wanted = preferredOf(options.prefer) ?? (only && [only]);
  const chosen = wanted === undefined ? await openBest(options) : await openFirst(wanted, options);
  return runtimeOn(chosen, precision, options);
}

function runtimeOn(
  { backend, rejected }: Chosen,
  precision: Precision,
  { checkHalf = true, log }: RuntimeOptions,
): TimedRuntime {
  // biome-ignore format: one line
  const beyondHalf: BeyondHalf[] = [];
  const half = precision === 'f32' ? {} : { precision, beyondHalf };
  const giveUp = (found: BeyondHalf): void => {
    beyondHalf.push(found);
    log?.(`"${found.network}" is computed in ${found.computedIn ? 'two parts of bfloat16' : 'float32'}: ${found.reason}.`);
  };
  const info: RuntimeInfo = { backend: backend.name, adapter: backend.adapter, ...half, rejected };
  const start = async ({ plan, weights }: PlannedGraph, options: LoadOptions = {}): Promise<Model> => {
    refuseUnsupported(backend, plan.name, backend.check(plan));
    const executable =
      precision === 'f32' || options.precision === 'f32' || !checkHalf
        ? await backend.compile(plan, weights, options.precision)
        : // It brings all kernels.
          await (await import('./half/half-check.ts')).compileChecked(backend, precision, { plan, weights }, giveUp, options.scoring); // biome-ignore format: one call
    return {
      batch: plan.batch,
      run: (inputs, signal) => executable.run(inputs, signal),
      [Symbol.asyncDispose]: () => executable[Symbol.asyncDispose](),
    };
  };
  return {
    info,
    times: backend.times,
    load: async (graph, weights, batch, options) => {
      const { planGraph } = await import('./graph/planner.ts');
      return start(planGraph(graph, weights, batch), options);
    },
    loadOnnx: async (bytes, options) => {
      const { planOnnx } = await import('./onnx/plan-onnx.ts');
      const { planned, inputs, outputs } = await planOnnx(bytes, options, backend.name === 'native');
      const jump = precision === 'f32' ? undefined : (await import('./half/half-jumps.ts')).jumpOf(planned.plan, true);
      return { ...(await start(planned, options)), inputs, outputs, ...(jump !== undefined && { jump }) };
    },
    [Symbol.asyncDispose]: () => backend[Symbol.asyncDispose](),
  };
}

function refuseUnsupported(backend: Backend, network: string, missing: ReturnType<Backend['check']>): void {
  if (missing.length === 0) return;
  const list = missing.map(({ step, op, reason }) => `"${step}" (${op}): ${reason}`).join('; ');
  throw new DiptychError(
    'OP_UNSUPPORTED',
    `The ${backend.name} backend cannot run "${network}": ${list}. Use another backend; nothing was approximated.`,
    {
      details: { backend: backend.name, missing },
    },
  );
}

/** Whether a backend opens here: `adapter` says on what, or `reason` why not. */
export interface BackendReport {
  readonly backend: BackendName;
  readonly ok: boolean;
  readonly adapter?: string;
  readonly reason?: string;
  /** WebGPU: names that `adapter` of `openRuntime` may choose from, in order. */
  readonly adapters?: readonly string[];
}

/** Tries every backend and closes it again: what `diptych doctor` prints. Rejects only with what is no BACKEND_UNAVAILABLE. */
export async function runtimeReport(options: OpenOptions = {}): Promise<readonly BackendReport[]> {
  const report: BackendReport[] = [];
  for (const backend of backendNames) {
    const opened = await tryOpen(backend, options);
    if (typeof opened === 'string') report.push({ backend, ok: false, reason: opened });
    else {
      await opened.backend[Symbol.asyncDispose]();
      const adapters = backend === 'webgpu' ? { adapters: await webgpuAdapters() } : {};
      report.push({ backend, ok: true, adapter: opened.backend.adapter, ...adapters });
    }
  }
  return report;
}

/** Whether a half precision can be had here, from the one backend that has it: `adapter` says on what, or `reason` why not. */
export interface PrecisionReport {
  readonly precision: Precision;
  readonly backend: BackendName;
  readonly adapter?: string;
  readonly reason?: string;
}

/** Tries every half precision: what `diptych doctor` prints of them. */
export async function precisionReport(): Promise<readonly PrecisionReport[]> {
  const report: PrecisionReport[] = [];
  for (const precision of ['f16', 'bf16'] as const) {
    const backend = backendOf[precision];
    const opened = await tryOpen(backend, { precision });
    if (typeof opened === 'string') report.push({ precision, backend, reason: opened });
    else {
      await opened.backend[Symbol.asyncDispose]();
      report.push({ precision, backend, adapter: opened.backend.adapter });
    }
  }
  return report;
}

async function webgpuAdapters(): Promise<string[]> {
  const { listWebgpuAdapters } = await import('./backends/webgpu/webgpu-backend.ts');
  return (await listWebgpuAdapters()).map(({ api, name }) => `${name} (${api})`);
}
