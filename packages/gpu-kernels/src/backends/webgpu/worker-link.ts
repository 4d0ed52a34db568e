/** The main thread's end of the worker: requests with answers. The worker keeps the process alive only while one is pending. */
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { DiptychError, type ErrorCode } from '@diptych/plugin-kit/runtime';
import type { Answer, Request } from './messages.ts';
import { SpareBuffers } from './spare-buffers.ts';

interface Waiting {
  resolve(result: unknown): void;
  reject(error: Error): void;
}

export class WorkerLink {
  /** Without the flags of this process: `--input-type`, say, is refused for a file. Packed, both files are JavaScript. */
  readonly #worker = new Worker(new URL(`./worker${extname(import.meta.url)}`, import.meta.url), { execArgv: [] });
  readonly #waiting = new Map<number, Waiting>();
  /** Memory to pack inputs into. */
  readonly spare = new SpareBuffers();
  #next = 0;
  #ended: string | undefined;

  constructor() {
    this.#worker.unref();
    this.#worker.on('message', (answer: Answer) => this.#settle(answer));
    this.#worker.on('error', (error) => this.#end(String(error)));
    this.#worker.on('exit', (code) => this.#end(`it exited with code ${code}`));
  }

  ask<T>(request: Request, transfer: readonly ArrayBuffer[] = []): Promise<T> {
    if (this.#ended !== undefined) return Promise.reject(lost(this.#ended));
    const id = this.#next++;
    return new Promise<T>((resolve, reject) => {
      this.#waiting.set(id, { resolve: resolve as (result: unknown) => void, reject });
      this.#worker.ref();
      this.#worker.postMessage({ ...request, id }, [...transfer]);
    });
  }

  #settle(answer: Answer): void {
    if ('spent' in answer) {
      for (const buffer of answer.spent) this.spare.give(buffer);
      return;
    }
    const waiting = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    if (this.#waiting.size === 0) this.#worker.unref();
    if ('error' in answer) {
      const { code, message, details } = answer.error;
      waiting?.reject(new DiptychError(code as ErrorCode, message, { details }));
    } else waiting?.resolve(answer.result);
  }

  #end(reason: string): void {
    this.#ended ??= reason;
    for (const waiting of this.#waiting.values()) waiting.reject(lost(reason));
    this.#waiting.clear();
  }

  /** Destroys the device and waits until the thread is gone. */
  async close(): Promise<void> {
    if (this.#ended !== undefined) return;
    const exited = new Promise<void>((resolve) => this.#worker.once('exit', () => resolve()));
    await this.ask({ kind: 'close' });
    this.#worker.ref();
    await exited;
  }
}

const lost = (reason: string): DiptychError =>
  new DiptychError(
    'DEVICE_LOST',
    `The thread that owns the GPU is gone: ${reason}. Resume the run; if it persists, use --backend native.`,
  );
