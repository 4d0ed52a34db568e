/** Where the four packages meet: the registry of the plugins, the runtime of the kernels, the engine of core. */
import { faultOfThrown, type LoadedStudy, loadPlugins, watchStrays } from '@diptych/core/scorers';
import { type BackendName, DiptychError, type Precision, type Runtime, type Study } from '@diptych/plugin-kit';
import { registry } from '@diptych/plugins';
import { backendNames } from './command-options.ts';
import { note, type OutputOptions } from './output/result.ts';
import { askBeforeLeaving } from './output/streams.ts';
import { openWeights, type WeightsOptions } from './weights.ts';

export interface WireOptions extends WeightsOptions, OutputOptions {
  readonly backend?: BackendName;
  /** Part of the name of a WebGPU adapter, or its place in the list of `diptych doctor`. */
  readonly adapter?: string;
  readonly precision?: Precision;
  /** File for a trace of what each kernel took; the table goes to stderr. */
  readonly profile?: string;
  /** `plan` fetches no weights. */
  readonly purpose?: 'run' | 'plan';
}

const warnOfStray = (plugin: string, message: string): void => note(`warning: ${plugin}: ${message}`);

/** Checks and creates every plugin of a study. The runtime opens only if a plugin needs it. */
export async function loadStudyPlugins(study: Study, baseFolder: string, options: WireOptions): Promise<LoadedStudy> {
  checkPrecision(options);
  if (options.profile) await (await import('./profile.ts')).checkTraceFile(options.profile);
  // Never ended: what a plugin left behind may fail after the run, too, while its report is written.
  watchStrays(warnOfStray, { isFallback: true });
  askBeforeLeaving(faultOfThrown);
  return loadPlugins({
    study,
    baseFolder,
    registry,
    runtime: () => openChosenRuntime(options),
    weightsStore: openWeights(options),
    environment: process.env,
    purpose: options.purpose ?? 'run',
    hooks: {
      log: (level, plugin, message) =>
        level === 'warn' || process.env['DIPTYCH_DEBUG'] ? note(`${plugin}: ${message}`) : undefined,
    },
  });
}

/** What fits no machine is bad input, and no missing backend: a backend that there is none of, or a precision that it has not. */
export function checkPrecision({ backend, precision = 'f32' }: Pick<WireOptions, 'backend' | 'precision'>): void {
  const named = process.env['DIPTYCH_BACKEND'] || undefined;
  if (backend === undefined && named !== undefined && !backendNames.some((name) => name === named))
    throw new DiptychError(
      'USAGE',
      `Expected DIPTYCH_BACKEND to be one of ${backendNames.join(', ')}, received "${named}". Correct or unset it.`,
    );
  const only = { f32: undefined, f16: 'webgpu', bf16: 'native' }[precision];
  if (only === undefined || backend === undefined || backend === only) return;
  throw new DiptychError(
    'USAGE',
    `Expected --backend ${only} with --precision ${precision}, received ${backend}. Use that, or leave one of the two out.`,
  );
}

async function openChosenRuntime({ backend, adapter, precision, profile, json }: WireOptions): Promise<Runtime> {
  const { openRuntime } = await import('@diptych/gpu-kernels');
  const runtime = await openRuntime({
    ...(backend && { prefer: backend }),
    ...(adapter && { adapter }),
    ...(precision && { precision }),
    ...(profile && { profile: true }),
    ...(!json && { log: note }),
  });
  // Where there is no GPU the native addon is what is meant; anything else is slow, and somebody has to build it.
  const native = runtime.info.rejected.find(({ backend: name }) => name === 'native');
  if (!json)
    note(
      `Runtime: ${runtime.info.backend} on ${runtime.info.adapter}${native ? `. The faster native addon did not open: ${native.reason}` : ''}`,
    );
  if (!profile) return runtime;
  const { writeTrace, renderProfile } = await import('./profile.ts');
  const end = async (): Promise<void> => {
    await using _ = runtime;
    note(`${renderProfile(runtime.times)}\n`);
    await writeTrace(profile, runtime.times);
  };
  return { ...runtime, [Symbol.asyncDispose]: end };
}
