/** One plugin of a study: from what was found to what runs, with everything that it may touch. */
import {
  type Described,
  DiptychError,
  declaredTraits,
  isDiptychError,
  type Needs,
  type PluginContext,
  type PluginKind,
  type ResolvedPlugin,
  type Runtime,
  type WeightsRef,
} from '@diptych/plugin-kit';
import { asPlugin } from '../run/stray-errors.ts';
import { describeError } from '../text/describe-error.ts';
import { systemFault } from '../text/system-fault.ts';
import { checkInstance } from './check-instance.ts';
import type { Environment } from './check-needs.ts';
import { limitedFetch } from './limited-fetch.ts';
import type { LoadPluginsOptions } from './load-options.ts';
import type { LoadedPlugin } from './loaded-study.ts';
import { throwPrototypeFault } from './prototype-guard.ts';
import { createRedactor, type Redactor } from './redactor.ts';
import type { FoundPlugin } from './resolve-plugin.ts';

/** Models of tens of gigabytes are loaded here; a plugin that takes longer hangs. */
const defaultCreateTimeoutMs = 1_800_000;

/** A plugin found and checked, not created yet. */
export interface Candidate {
  readonly kind: PluginKind;
  readonly alias: string;
  readonly found: FoundPlugin;
  readonly options: unknown;
  readonly needs: Needs;
  readonly missingWeights?: readonly WeightsRef[];
}

/** Stands for a plugin whose weights are missing, while planning. */
export const standIn = (candidate: Candidate, missingWeights: readonly WeightsRef[]): LoadedPlugin => ({
  kind: candidate.kind,
  alias: candidate.alias,
  plugin: candidate.found.plugin,
  instance: { maxBatch: 1, concurrency: 1 },
  resolved: resolvedEntry(candidate),
  needs: candidate.needs,
  missingWeights,
});

export const backendMissing = ({ backend }: Needs, got: string): DiptychError =>
  new DiptychError(
    'PLUGIN_BACKEND_MISSING',
    `Expected ${backend ? `backend ${backend}` : 'a runtime'}, got: ${got.replace(/\.$/, '')}. Run \`diptych doctor\`.`,
  );

export async function createPlugin(
  options: LoadPluginsOptions,
  candidate: Candidate,
  runtime: Runtime | undefined,
  stack: AsyncDisposableStack,
): Promise<LoadedPlugin> {
  const { kind, alias, found, needs } = candidate;
  if (needs.backend && runtime && runtime.info.backend !== needs.backend)
    throw backendMissing(needs, `backend ${runtime.info.backend}`);
  const { redact } = redactorOf(needs.secrets ?? [], options.environment ?? process.env);
  let instance: unknown;
  try {
    const create = () => found.plugin.create(candidate.options, contextFor(options, candidate, runtime));
    // What it starts here may fail during the run.
    const created = Promise.resolve(asPlugin({ plugin: alias, redact }, create));
    instance = await withinTime(created, options.createTimeoutMs ?? defaultCreateTimeoutMs).finally(() =>
      throwPrototypeFault(alias),
    );
  } catch (error) {
    const known = isDiptychError(error)
      ? error
      : new DiptychError('PLUGIN_INVALID', `Expected ${alias} to be created, got: ${describeError(error)}.`, {
          cause: error,
        });
    throw systemFault(known, `to create ${alias}`) ?? known;
  }
  // Before the check: one that fails it may hold processes and memory all the same.
  const disposable = (instance ?? {}) as Partial<AsyncDisposable>;
  if (typeof disposable[Symbol.asyncDispose] === 'function')
    stack.defer(() => asPlugin({ plugin: alias, redact }, () => (disposable as AsyncDisposable)[Symbol.asyncDispose]()));
  checkInstance(found.plugin, instance);
  const { facts } = instance as Described;
  return {
    kind,
    alias,
    // Traits that depend on the options take the place of the static ones wherever the run reads them.
    plugin: found.plugin.traitsOf ? { ...found.plugin, ...found.plugin.traitsOf(candidate.options) } : found.plugin,
    instance,
    resolved: { ...resolvedEntry(candidate), ...(facts === undefined ? {} : { facts: plainJson(facts, redact) }) },
    needs,
  };
}

/** A plugin that never comes to life must not hold a run forever. One that comes late is disposed of. */
async function withinTime(created: Promise<unknown>, timeoutMs: number): Promise<unknown> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    late.reject(
      new DiptychError(
        'PLUGIN_TIMEOUT',
        `Expected \`create\` to end within ${timeoutMs} ms, it did not. Load large models when they are first used, or make it quicker.`,
      ),
    );
    created
      .then((instance) => (instance as Partial<AsyncDisposable> | undefined)?.[Symbol.asyncDispose]?.())
      .catch(() => undefined); // too late to matter
  }, timeoutMs);
  // A process with nothing else to do ends, and is told so at once, rather than after the whole time.
  timer.unref();
  try {
    return await Promise.race([created, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

function contextFor(options: LoadPluginsOptions, { alias, needs }: Candidate, runtime: Runtime | undefined): PluginContext {
  const environment = options.environment ?? process.env;
  const { redact } = redactorOf(needs.secrets ?? [], environment);
  const log = (level: 'debug' | 'warn') => (message: string) => options.hooks?.log?.(level, alias, redact(message));
  return {
    get runtime() {
      if (runtime && (needs.runtime || needs.backend)) return runtime;
      throw new DiptychError(
        'PLUGIN_INVALID',
        `Expected ${alias} to declare needs.runtime before using the runtime. Declare it.`,
      );
    },
    fetch: limitedFetch(alias, needs.hosts ?? [], { holdsSecret: (text) => redact(text) !== text }),
    log: { debug: log('debug'), warn: log('warn') },
    baseFolder: options.baseFolder,
    maxImageBytes: options.study.limits.maxImageBytes,
    secret(name) {
      const value = needs.secrets?.includes(name) ? environment[name] : undefined;
      if (value) return value;
      throw new DiptychError(
        'PLUGIN_INVALID',
        `Expected ${alias} to declare the secret ${name} in needs.secrets before using it. Declare it.`,
      );
    },
    async weights(name) {
      const ref = needs.weights?.find((weights) => weights.name === name);
      if (ref && options.weightsStore) return options.weightsStore.read(ref, options.baseFolder);
      throw new DiptychError(
        'WEIGHTS_MISSING',
        `Expected ${alias} to declare weights ${name} in needs.weights before using them. Declare them.`,
      );
    },
  };
}

/**
 * What a service says of itself may hold anything. Names and texts are cleaned one by one: taking a secret of
 * digits or quotes out of JSON text may leave what is no JSON.
 */
const plainJson = (value: unknown, redact: (text: string) => string) =>
  redactAll(JSON.parse(JSON.stringify(value)), redact) as Record<string, unknown>;

function redactAll(value: unknown, redact: (text: string) => string): unknown {
  if (Array.isArray(value)) return value.map((item) => redactAll(item, redact));
  if (typeof value !== 'object' || value === null) {
    const text = String(value);
    return redact(text) === text ? value : redact(text);
  }
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [redact(name), redactAll(item, redact)]));
}

function resolvedEntry({ kind, alias, found, options, needs }: Candidate): ResolvedPlugin {
  const traits = { ...declaredTraits(found.plugin), ...found.plugin.traitsOf?.(options) };
  return {
    kind,
    name: found.plugin.name,
    as: alias,
    module: found.module,
    packageVersion: found.packageVersion,
    ...(found.plugin.reference === undefined ? {} : { reference: found.plugin.reference }),
    apiVersion: found.plugin.apiVersion,
    options: JSON.parse(JSON.stringify(options ?? {})) as Record<string, unknown>,
    weights: (needs.weights ?? []).map(({ name, source, sha256, licence }) => ({
      name,
      source,
      sha256,
      licence: licence.id,
    })),
    traits: JSON.parse(JSON.stringify(traits)) as Record<string, unknown>,
  };
}

/** Of the secrets that have a value. */
export const redactorOf = (names: readonly string[], environment: Environment): Redactor =>
  createRedactor(names.flatMap((name) => (environment[name] ? [{ name, value: environment[name] }] : [])));
