/**
 * What a plugin throws beside its answers: a promise that none of its calls waits for and that rejects, a timer that
 * throws. Node would end the process for either, and nobody could tell which plugin it was.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { DiptychError } from '@diptych/plugin-kit';
import { describeError } from '../text/describe-error.ts';

interface Caller {
  readonly plugin: string;
  /** Takes secrets out of what is told. */
  readonly redact?: (text: string) => string;
}
type Warn = (plugin: string, message: string) => void;

interface Watcher {
  /** Plugins that it was told of. */
  readonly told: Set<string>;
  readonly isFallback: boolean;
  readonly stop: ((fault: DiptychError) => void) | undefined;
}

/** What was thrown last outside of any call, and by which plugin. `isTaken`: its run stops for it. */
let lastThrown: { readonly error: unknown; readonly fault: DiptychError; readonly isTaken: boolean } | undefined;

const callers = new AsyncLocalStorage<Caller>();
/** Who is to be told. */
const watchers = new Map<Warn, Watcher>();

/** Runs the work of a plugin so that whatever it starts is known to be its own. */
export const asPlugin = <T>(caller: Caller, work: () => T): T => callers.run(caller, work);

interface WatchOptions {
  /** Warned only while nobody else watches: before a run starts, and while its report is written. */
  readonly isFallback?: boolean;
  /** Stops the run that watches. Without it an error thrown outside of any call ends the process. */
  readonly stop?: (fault: DiptychError) => void;
}

/**
 * Until its end, a stray rejection of a plugin costs a warning, not the run: its answer counts as it was given.
 * What a plugin throws from a timer stops the run, since nobody knows what it left half done; the error names the plugin.
 */
export function watchStrays(warn: Warn, { isFallback = false, stop }: WatchOptions = {}): { end(): Promise<void> } {
  if (watchers.size === 0) {
    process.on('unhandledRejection', onRejection);
    process.on('uncaughtExceptionMonitor', onThrown);
  }
  watchers.set(warn, { told: new Set(), isFallback, stop });
  return {
    async end() {
      // Node tells of rejections when everything that was ready has run.
      await new Promise((done) => setImmediate(done));
      watchers.delete(warn);
      if (watchers.size > 0) return;
      process.off('unhandledRejection', onRejection);
      process.off('uncaughtExceptionMonitor', onThrown);
    },
  };
}

function onRejection(reason: unknown): void {
  if (tell('a promise that none of its calls waits for was rejected', reason)) return;
  // As without this listener, unless the program that runs the study has its own.
  if (process.listenerCount('unhandledRejection') === 1) throw reason;
}

/** Node calls this before it asks the listeners of `uncaughtException`. */
function onThrown(error: unknown): void {
  const caller = callers.getStore();
  lastThrown = undefined;
  if (caller === undefined) return;
  const fault = new DiptychError(
    'PLUGIN_BROKE_CONTRACT',
    `Expected ${caller.plugin} to throw only within its calls, but it threw outside of them: ${describeError(error, 500, caller.redact)}. Correct the plugin, then resume; finished samples are kept.`,
  );
  const stops = [...watchers.values()].flatMap(({ stop }) => stop ?? []);
  lastThrown = { error, fault, isTaken: stops.length > 0 };
  for (const stop of stops) stop(fault);
  // A program's own listener asks `faultOfThrown`; without one Node would end the process.
  if (stops.length > 0 && process.listenerCount('uncaughtException') === 0)
    process.once('uncaughtException', () => undefined);
}

/**
 * For listeners of `uncaughtException`: the error that names the plugin which threw, or `taken` where a run stops for it
 * and rejects with that error. Undefined where no plugin threw.
 */
export function faultOfThrown(error: unknown): DiptychError | 'taken' | undefined {
  if (lastThrown === undefined || lastThrown.error !== error) return undefined;
  return lastThrown.isTaken ? 'taken' : lastThrown.fault;
}

/** Once for each plugin: it is likely to do the same in every call. False where no plugin did it. */
function tell(what: string, error: unknown): boolean {
  const caller = callers.getStore();
  if (caller === undefined) return false;
  const { plugin, redact } = caller;
  const alone = [...watchers.values()].every(({ isFallback }) => isFallback);
  for (const [warn, { told, isFallback }] of watchers) {
    if (isFallback && !alone) continue;
    if (!told.has(plugin)) warn(plugin, `${what}: ${describeError(error, 500, redact)}. Correct the plugin.`);
    told.add(plugin);
  }
  return true;
}
