/**
 * Keeps a worker for as long as a plugin lives: starts it, loads its model before the first call, starts it again after
 * a crash or a hang, and turns every fault into an error of the call that met it. One call at a time.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { DiptychError, InfrastructureError } from '@diptych/plugin-kit';
import type { z } from 'zod';
import { type Hello, helloSchema, loadedSchema, type WorkerKind } from './protocol.ts';
import { Turns } from './turns.ts';
import { WorkerFolder } from './worker-folder.ts';
import { type SpawnOptions, WorkerFault, WorkerGone, WorkerProcess } from './worker-process.ts';

export interface HostOptions extends Omit<SpawnOptions, 'folder'> {
  /** For messages: the study's name of the program that is run. */
  readonly shown: string;
  readonly kind: WorkerKind;
  /** The script, whose digest goes into the manifest; absent where the command is no script. */
  readonly script?: string;
  /** Where the process runs; relative paths among its arguments are relative to it. */
  readonly workingFolder: string;
  /** Limit of `hello`: the interpreter starts and imports the SDK. */
  readonly helloMs: number;
  /** Limit of `load`: weights may have to be fetched. */
  readonly loadMs: number;
  readonly callMs: number;
  /** How long a cancelled call may go on before the worker is ended. */
  readonly cancelGraceMs: number;
  /** How long a worker may take to shut down. */
  readonly endGraceMs: number;
  /** Starts and loads in a row without a good answer between them, beyond the first. */
  readonly restarts: number;
  /** Workers with the same key are loaded one at a time. */
  readonly turn: string | undefined;
  readonly turnIdleMs: number;
  readonly log: { debug(message: string): void; warn(message: string): void };
}

export class WorkerHost implements AsyncDisposable {
  readonly folder: WorkerFolder;
  readonly #options: HostOptions;
  readonly #turns: Turns | undefined;
  #process: WorkerProcess | undefined;
  #loading: Promise<void> | undefined;
  #hello: Hello | undefined;
  #digest: string | undefined;
  #queue: Promise<unknown> = Promise.resolve();
  #failures = 0;
  #isDisposed = false;

  private constructor(options: HostOptions, folder: WorkerFolder) {
    this.#options = options;
    this.folder = folder;
    if (options.turn !== undefined) this.#turns = new Turns(options.turn, options.turnIdleMs, () => this.#stop());
  }

  /** Starts the worker and asks what it is. Throws WORKER_UNAVAILABLE or WORKER_INVALID. */
  static async open(options: HostOptions): Promise<WorkerHost> {
    const host = new WorkerHost(options, await WorkerFolder.create());
    try {
      if (options.script !== undefined) host.#digest = await digestOf(options.script);
      await host.#start();
      return host;
    } catch (error) {
      await host[Symbol.asyncDispose]();
      if (error instanceof WorkerGone || error instanceof WorkerFault)
        throw new DiptychError(
          'WORKER_UNAVAILABLE',
          `Expected ${options.shown} to start as a worker, but ${error.message}. Run it by hand; it should print what it is.`,
          { cause: error },
        );
      throw error;
    }
  }

  /** What the worker said it is. */
  get hello(): Hello {
    return this.#hello!;
  }

  /** Facts for the manifest. */
  get facts(): Readonly<Record<string, unknown>> {
    const { name, sdk, model, defaults, gpuMemory, packages } = this.hello;
    return {
      worker: name,
      sdk,
      model,
      defaults,
      gpuMemory,
      packages,
      ...(this.#digest ? { scriptSha256: this.#digest } : {}),
    };
  }

  /**
   * One call. Rejects with the signal's reason, with PLUGIN_BROKE_CONTRACT where the answer is none, or with an InfrastructureError: retryable where a new process may cure
   * it, and after `restarts` failures in a row no more.
   */
  call<T extends z.ZodType>(
    method: string,
    params: Readonly<Record<string, unknown>>,
    answer: T,
    signal: AbortSignal,
  ): Promise<z.output<T>> {
    signal.throwIfAborted();
    const run = async (): Promise<z.output<T>> => {
      await this.#turns?.take(signal);
      try {
        return await this.#callNow(method, params, answer, signal);
      } finally {
        this.#turns?.rest();
      }
    };
    const result = this.#queue.then(run, run);
    this.#queue = result.catch(() => undefined); // The caller sees it; the queue only waits for its end.
    return abortable(result, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isDisposed = true;
    await this.#stop();
    this.#turns?.leave();
    await this.folder[Symbol.asyncDispose]();
  }

  async #stop(): Promise<void> {
    const worker = this.#process;
    this.#process = undefined;
    this.#loading = undefined;
    await worker?.end(this.#options.endGraceMs);
  }

  async #callNow<T extends z.ZodType>(
    method: string,
    params: Readonly<Record<string, unknown>>,
    answer: T,
    signal: AbortSignal,
  ): Promise<z.output<T>> {
    signal.throwIfAborted();
    const { shown, restarts, callMs } = this.#options;
    if (this.#failures > restarts) throw this.#fault('it failed too often in a row and is not asked again', false);
    try {
      if (this.#process === undefined || this.#process.isGone) await this.#start();
      await this.#load(signal);
      const value = await this.#ask(method, params, { limitMs: callMs, signal });
      const parsed = answer.safeParse(value);
      if (!parsed.success) {
        throw new DiptychError(
          'PLUGIN_BROKE_CONTRACT',
          `Expected ${shown} to answer \`${method}\` as the protocol says, received ${issueOf(parsed.error)}. Correct the worker.`,
        );
      }
      this.#failures = 0;
      return parsed.data;
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof WorkerFault)
        throw this.#fault(error.message, error.retryable && this.#failures <= restarts, error);
      if (error instanceof WorkerGone) {
        this.#failures += 1;
        throw this.#fault(error.message, this.#failures <= restarts, error);
      }
      throw error;
    }
  }

  #fault(what: string, retryable: boolean, cause?: unknown): InfrastructureError {
    return new InfrastructureError(`${this.#options.shown}: ${what}`, { retryable, cause });
  }

  async #start(): Promise<void> {
    if (this.#isDisposed) throw this.#fault('it was asked after the end of the run', false);
    const { command, args, environment, workingFolder, helloMs } = this.#options;
    this.#loading = undefined;
    this.#process = new WorkerProcess({ command, args, environment, folder: workingFolder });
    const said = await this.#ask('hello', { protocol: 1, folder: this.folder.path }, { limitMs: helloMs });
    this.#hello = this.#checkHello(said);
  }

  #checkHello(said: unknown): Hello {
    const { kind } = this.#options;
    const parsed = helloSchema.safeParse(said);
    if (parsed.success && parsed.data.kind === kind) return parsed.data;
    this.#process?.kill();
    throw parsed.success
      ? this.#invalid(`to be a ${kind}`, `a ${parsed.data.kind}`)
      : this.#invalid('to be a worker of protocol 1', issueOf(parsed.error));
  }

  #invalid(expected: string, received: string): DiptychError {
    const { shown } = this.#options;
    return new DiptychError('WORKER_INVALID', `Expected ${shown} ${expected}, received ${received}. Correct the worker.`);
  }

  /** Once for each process. A caller that gives up leaves it going on, so that a later call finds the model loaded. */
  async #load(signal: AbortSignal): Promise<void> {
    this.#loading ??= this.#loadNow();
    this.#loading.catch(() => undefined); // Told by whoever waits; nobody may.
    await abortable(this.#loading, signal);
  }

  async #loadNow(): Promise<void> {
    const started = performance.now();
    try {
      const said = await this.#ask('load', {}, { limitMs: this.#options.loadMs });
      const parsed = loadedSchema.safeParse(said);
      if (!parsed.success) throw this.#invalid('to answer `load` with its facts', issueOf(parsed.error));
      const { facts } = parsed.data;
      const seconds = ((performance.now() - started) / 1000).toFixed(1);
      this.#options.log.debug(`${this.#options.shown} loaded in ${seconds} s: ${JSON.stringify(facts)}`);
    } catch (error) {
      // A model that does not load may take minutes to say so, and would for every image.
      if (error instanceof WorkerFault) this.#failures += 1;
      // A worker that answers wrongly would load again for every call and answer the same.
      if (!(error instanceof DiptychError)) this.#loading = undefined;
      throw error;
    }
  }

  async #ask(
    method: string,
    params: Readonly<Record<string, unknown>>,
    { limitMs, signal }: { limitMs: number; signal?: AbortSignal },
  ): Promise<unknown> {
    const worker = this.#process!;
    const { id, answer } = worker.request(method, params);
    // Ending the worker rejects the answer, with its last words.
    let timer = setTimeout(
      () => worker.kill(`it did not answer \`${method}\` within ${limitMs / 1000} s and was ended`),
      limitMs,
    );
    const onAbort = (): void => {
      worker.cancel(id);
      clearTimeout(timer);
      timer = setTimeout(() => worker.kill('it did not stop when its call was cancelled'), this.#options.cancelGraceMs);
    };
    signal?.addEventListener('abort', onAbort, { once: true });
    try {
      return await answer;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
    }
  }
}

/** The first thing that is wrong, and where; a path of the whole answer is empty. */
function issueOf({ issues: [issue] }: z.ZodError): string {
  const path = issue?.path.join('.');
  return `${path ? `at ${path}` : 'another answer'}: ${issue?.message}`;
}

/** Rejects as soon as the signal is aborted, whatever becomes of the work. */
async function abortable<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(signal.reason);
  if (signal.aborted) onAbort();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

async function digestOf(script: string): Promise<string> {
  try {
    return createHash('sha256')
      .update(await readFile(script))
      .digest('hex');
  } catch (cause) {
    throw new DiptychError(
      'WORKER_UNAVAILABLE',
      `Expected the worker ${script} to be a readable file, received: ${(cause as Error).message}. Check the path in the options.`,
      { cause },
    );
  }
}
