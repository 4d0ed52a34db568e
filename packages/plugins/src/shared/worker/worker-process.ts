/** One life of a worker process: spawning, requests and replies over stdio, and its certain end. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { BoundedLines, beginningOf, TextTail } from './bounded-lines.ts';
import { maxLineBytes, type Reply, replySchema } from './protocol.ts';

/** A worker that cannot be asked any more: it ended, hung, or broke the protocol. A new one may do better. */
export class WorkerGone extends Error {}

/** The worker's own word that a call failed. It lives on. */
export class WorkerFault extends Error {
  readonly retryable: boolean;

  constructor(message: string, retryable: boolean) {
    super(message);
    this.retryable = retryable;
  }
}

export interface SpawnOptions {
  readonly command: string;
  readonly args: readonly string[];
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;
}

interface Waiting {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

const tailBytes = 64 * 1024;
const shownLines = 20;
/** After the worker's exit its streams are read until nothing came for this long … */
const silenceMs = 100;
/** … and at most this long: a child that it left behind may write for ever. */
const drainMs = 1000;

/** Workers that must not outlive this process; each is a process group of its own. */
const alive = new Set<WorkerProcess>();
const killAll = (): void => {
  for (const worker of alive) worker.kill();
};

export class WorkerProcess {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #waiting = new Map<number, Waiting>();
  readonly #lines = new BoundedLines(maxLineBytes);
  readonly #tail = new TextTail(tailBytes);
  readonly #ended: Promise<void>;
  #next = 0;
  #gone: WorkerGone | undefined;

  constructor({ command, args, folder, environment }: SpawnOptions) {
    if (alive.size === 0) process.on('exit', killAll);
    // A group of its own, so that what the worker started ends with it. Its stdin closes when this process dies.
    this.#child = spawn(command, args, { cwd: folder, env: environment, detached: true, stdio: 'pipe' });
    alive.add(this);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#ended = promise;
    this.#child.on('error', (error) => {
      this.#lose(`it could not be started: ${error.message}`);
      if (this.#child.pid === undefined) this.#forget(resolve);
    });
    // `close` comes after the last byte of both streams, so that the tail is whole.
    this.#child.on('close', (code, signal) => {
      this.#lose(signal ? `it was ended by ${signal}` : `it ended with code ${code}`);
      this.#forget(resolve);
    });
    this.#child.on('exit', () => {
      this.#killGroup();
      this.#closeStreams();
    });
    this.#child.stdin.on('error', () => undefined); // EPIPE: told by `close`, with the exit code.
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => this.#tail.add(text));
    this.#child.stdout.on('data', (piece: Buffer) => this.#read(piece));
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  get isGone(): boolean {
    return this.#gone !== undefined;
  }

  /** Rejects with WorkerFault or WorkerGone. */
  request(method: string, params: Readonly<Record<string, unknown>>): { id: number; answer: Promise<unknown> } {
    const id = this.#next++;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    if (this.#gone) reject(this.#gone);
    else {
      this.#waiting.set(id, { resolve, reject });
      const line = JSON.stringify({ id, method, params });
      if (Buffer.byteLength(line) < maxLineBytes) this.#child.stdin.write(`${line}\n`);
      else this.#settle({ id, error: { message: 'the request is too long', retryable: false, cancelled: false } });
    }
    return { id, answer: promise };
  }

  /** Says that the answer to a request is no longer wanted. */
  cancel(id: number): void {
    if (!this.#gone) this.#child.stdin.write(`${JSON.stringify({ method: 'cancel', params: { id } })}\n`);
  }

  /** Ends the worker and all it started, at once; requests that wait reject with the reason. */
  kill(reason = 'it was ended'): void {
    this.#lose(reason);
    this.#killGroup();
  }

  /** Closes stdin, which ends a worker that is well, and kills after the grace. */
  async end(graceMs: number): Promise<void> {
    if (!this.#gone) {
      this.request('shutdown', {}).answer.catch(() => undefined); // How it ends does not matter any more.
      this.#child.stdin.end();
    }
    const timer = setTimeout(() => this.kill(), graceMs);
    await this.#ended;
    clearTimeout(timer);
  }

  #killGroup(): void {
    const { pid } = this.#child;
    if (pid === undefined) return;
    try {
      if (process.platform === 'win32') this.#child.kill('SIGKILL');
      else process.kill(-pid, 'SIGKILL');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error; // The group is gone already.
    }
  }

  /**
   * `close` waits for everyone who holds a pipe: a child that the worker started in a session of its own outlives the
   * group and inherits its stderr. What the worker itself wrote is in the pipe by now, so the streams close once they
   * are silent.
   */
  #closeStreams(): void {
    const { stdin, stdout, stderr } = this.#child;
    const close = (): void => {
      for (const stream of [stdin, stdout, stderr]) stream.destroy();
    };
    const silent = setTimeout(close, silenceMs);
    const late = setTimeout(close, drainMs);
    for (const stream of [stdout, stderr]) stream.on('data', () => silent.refresh());
    this.#child.once('close', () => {
      clearTimeout(silent);
      clearTimeout(late);
    });
  }

  #forget(done: () => void): void {
    alive.delete(this);
    if (alive.size === 0) process.off('exit', killAll);
    done();
  }

  #lose(what: string): void {
    if (this.#gone) return;
    const said = this.#tail.last(shownLines);
    this.#gone = new WorkerGone(said === '' ? `${what}; it wrote nothing to stderr` : `${what}; its last words:\n${said}`);
    for (const { reject } of this.#waiting.values()) reject(this.#gone);
    this.#waiting.clear();
  }

  #read(piece: Buffer): void {
    if (this.#gone) return;
    try {
      for (const line of this.#lines.push(piece)) if (line.trim() !== '') this.#settle(parseReply(line));
    } catch (error) {
      this.kill(`it broke the protocol: ${(error as Error).message}`);
    }
  }

  #settle(reply: Reply): void {
    const waiting = this.#waiting.get(reply.id);
    if (waiting === undefined) throw new Error(`an answer to request ${reply.id}, which nobody asked`);
    this.#waiting.delete(reply.id);
    if ('error' in reply) waiting.reject(new WorkerFault(reply.error.message, reply.error.retryable));
    else waiting.resolve(reply.result);
  }
}

function parseReply(line: string): Reply {
  const shown = `"${beginningOf(line, 200)}"`;
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw new Error(`expected lines of JSON on stdout, received ${shown}`);
  }
  const parsed = replySchema.safeParse(value);
  if (!parsed.success) throw new Error(`expected an answer with an id and a result or an error, received ${shown}`);
  return parsed.data;
}
