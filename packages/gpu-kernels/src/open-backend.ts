/** Opens backends by name, importing each only when it is tried: Dawn and the addon cost nothing until then. */

import { readdir } from 'node:fs/promises';
import { type BackendName, DiptychError, isDiptychError, type Precision } from '@diptych/plugin-kit/runtime';
import type { Backend } from './backends/backend.ts';
import type { OpenedBackend } from './backends/opened-backend.ts';
import type { LesserGpu } from './backends/webgpu/gpu-options.ts';

export interface OpenOptions {
  /** Threads of the native backend; 0, the default, means all cores. */
  readonly threads?: number;
  /** WebGPU: part of an adapter's name, or its place in the list of `diptych doctor`. Without it `DIPTYCH_ADAPTER` decides. */
  readonly adapter?: string;
  /**
   * How values are stored and products multiplied; sums are float32 either way. `f16` needs WebGPU and an adapter with
   * float16, `bf16` the native addon and a processor that multiplies it faster than float32. Without it `DIPTYCH_PRECISION`
   * decides, and without that it is `f32`.
   */
  readonly precision?: Precision;
  /** Times every kernel, see `times` of the runtime: on `webgpu` where the adapter has timestamps. */
  readonly profile?: boolean;
  /** WebGPU, tests and tuning only: see `GpuOptions`. */
  readonly lesser?: LesserGpu;
  readonly tile?: string;
}

/** The adapter asked for, by option or by environment. */
export const adapterOf = ({ adapter }: OpenOptions): string | undefined =>
  adapter ?? (process.env.DIPTYCH_ADAPTER || undefined);

/** By option, by environment, or `f32`. Throws USAGE for what is no precision. */
export function precisionOf({ precision }: OpenOptions): Precision {
  const wanted = precision ?? (process.env.DIPTYCH_PRECISION || 'f32');
  const where = precision === undefined ? 'DIPTYCH_PRECISION' : '`precision`';
  return oneOf(where, wanted, Object.keys(backendOf) as Precision[]);
}

/** `name` where it is one of `known`. What fits no machine is USAGE, unlike what this machine has not. */
function oneOf<T extends string>(where: string, name: string, known: readonly T[]): T {
  const found = known.find((one) => one === name);
  if (found !== undefined) return found;
  throw new DiptychError(
    'USAGE',
    `Expected ${where} to be one of ${known.join(', ')}, received "${name}". Correct it or leave it out.`,
  );
}

/** Names of backends, in order: as the caller prefers, by environment, or undefined. Throws USAGE for a name that none has. */
export function preferredOf(prefer: BackendName | readonly BackendName[] | undefined): readonly BackendName[] | undefined {
  const named = process.env.DIPTYCH_BACKEND || undefined;
  if (prefer === undefined) return named === undefined ? undefined : [oneOf('DIPTYCH_BACKEND', named, backendNames)];
  return [prefer].flat().map((name) => oneOf('`prefer`', name, backendNames));
}

/** The one backend that has a precision; float32 is everywhere. */
export const backendOf = { f32: undefined, f16: 'webgpu', bf16: 'native' } as const satisfies Record<
  Precision,
  BackendName | undefined
>;

function refuseOthers(name: BackendName, options: OpenOptions): void {
  const precision = precisionOf(options);
  const only = backendOf[precision];
  if (only !== undefined && only !== name)
    throw new DiptychError('BACKEND_UNAVAILABLE', `precision ${precision} is a mode of the ${only} backend`);
}

const openers: Readonly<Record<BackendName, (options: OpenOptions) => Promise<OpenedBackend>>> = {
  webgpu: async ({ lesser, tile, profile = false, ...options }) => {
    refuseOthers('webgpu', options);
    const { openWebgpu } = await import('./backends/webgpu/webgpu-backend.ts');
    const adapter = adapterOf(options);
    return openWebgpu({
      precision: precisionOf(options) === 'f16' ? 'f16' : 'f32',
      profile,
      ...(adapter === undefined ? {} : { adapter }),
      ...(lesser === undefined ? {} : { lesser }),
      ...(tile === undefined ? {} : { tile }),
    });
  },
  native: async (options) => {
    refuseOthers('native', options);
    const { openNative } = await import('./backends/native/native-backend.ts');
    const { threads, profile } = options;
    return { backend: openNative({ threads, profile, precision: precisionOf(options) }), software: false };
  },
  reference: async (options) => {
    refuseOthers('reference', options);
    const { openReference } = await import('./backends/reference/reference-backend.ts');
    return { backend: openReference(options.profile), software: false };
  },
};

export const backendNames = Object.keys(openers) as readonly BackendName[];

/** The opened backend, or why it did not open. */
export async function tryOpen(name: BackendName, options: OpenOptions): Promise<OpenedBackend | string> {
  try {
    return await openers[name](options);
  } catch (error) {
    if (isDiptychError(error) && error.code === 'BACKEND_UNAVAILABLE') return error.message;
    throw error;
  }
}

/** The backend that opened, and those tried before it. */
export interface Chosen {
  readonly backend: Backend;
  readonly rejected: readonly { readonly backend: BackendName; readonly reason: string }[];
}

/** The first of `names` that opens. Throws BACKEND_UNAVAILABLE with every reason; never opens one that is not named. */
export async function openFirst(names: readonly BackendName[], options: OpenOptions): Promise<Chosen> {
  const rejected: { backend: BackendName; reason: string }[] = [];
  for (const name of names) {
    const opened = await tryOpen(name, options);
    if (typeof opened !== 'string') return { backend: opened.backend, rejected };
    rejected.push({ backend: name, reason: opened });
  }
  const reasons = rejected.map(({ backend, reason }) => `${backend}: ${reason}`).join('; ');
  throw new DiptychError(
    'BACKEND_UNAVAILABLE',
    `No runtime backend of ${names.join(', ')} could be opened (${reasons}). Run \`diptych doctor\`, or leave out ${wishOf(options)} to let Diptych choose.`,
    {
      details: { rejected },
    },
  );
}

/** What narrowed the choice, as the user wrote it: an option or its variable. */
function wishOf(options: OpenOptions): string {
  if (precisionOf(options) !== 'f32') return '--precision (DIPTYCH_PRECISION)';
  return adapterOf(options) === undefined ? '--backend (DIPTYCH_BACKEND)' : '--adapter (DIPTYCH_ADAPTER)';
}

/**
 * Why there can be no GPU here, or undefined. On Linux a GPU driver shows itself as a device file (`/dev/dri/renderD*`,
 * `/dev/nvidia*`, `/dev/dxg` under WSL); without one Dawn would take half a second to find only software.
 */
async function gpuAbsence(): Promise<string | undefined> {
  if (process.platform !== 'linux') return undefined;
  const names = [...(await readdir('/dev')), ...(await readdir('/dev/dri').catch(() => []))]; // no /dev/dri is an answer
  const found = names.some((name) => /^(nvidia\d+|renderD\d+|dxg|kgsl-3d\d+|mali\d+)$/.test(name));
  return found ? undefined : 'no GPU device file under /dev, and software is slower than the native addon';
}

/** A real GPU, else the native addon, else a software GPU, else the reference. */
export async function openBest(options: OpenOptions): Promise<Chosen> {
  const absence = await gpuAbsence();
  // Without a GPU Dawn could only find software, which native beats: it is not even started before native has failed.
  const first = absence ?? (await tryOpen('webgpu', options));
  if (typeof first !== 'string' && !first.software) return { backend: first.backend, rejected: [] };
  const native = await tryOpen('native', options);
  if (typeof native !== 'string') {
    if (typeof first !== 'string') await first.backend[Symbol.asyncDispose]();
    const reason = typeof first === 'string' ? first : `${first.backend.adapter} is software, slower than the native addon`;
    return { backend: native.backend, rejected: [{ backend: 'webgpu', reason }] };
  }
  const nativeRejected = { backend: 'native', reason: native } as const;
  const webgpu = absence === undefined ? first : await tryOpen('webgpu', options);
  if (typeof webgpu !== 'string') return { backend: webgpu.backend, rejected: [nativeRejected] };
  const { backend } = await openFirst(['reference'], options);
  return { backend, rejected: [{ backend: 'webgpu', reason: webgpu }, nativeRejected] };
}
