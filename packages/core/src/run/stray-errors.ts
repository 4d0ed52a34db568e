/**
 * What a plugin throws beside its answers: a promise that none of its calls waits for and that rejects, a timer that
 * throws. Node would end the process for either, and nobody could tell which plugin it was.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
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
}

const callers = new AsyncLocalStorage<Caller>();
/** Who is to be told. */
const watchers = new Map<Warn, Watcher>();

/** Runs the work of a plugin so that whatever it starts is known to be its own. */
export const asPlugin = <T>(caller: Caller, work: () => T): T => callers.run(caller, work);

/**
 * Until its end, a stray rejection of a plugin costs a warning, not the run: its answer counts as it was given.
 * What a plugin throws from a timer still ends the process, since nobody knows what it left half done; the warning names it.
 * A fallback is told only while nobody else watches: before a run starts, and while its report is written.
 */
export function watchStrays(warn: Warn, { isFallback = false } = {}): { end(): Promise<void> } {
  if (watchers.size === 0) {
    process.on('unhandledRejection', onRejection);
    process.on('uncaughtExceptionMonitor', onThrown);
  }
  watchers.set(warn, { told: new Set(), isFallback });
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

function onThrown(error: unknown): void {
  tell('it threw outside of its calls', error);
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
