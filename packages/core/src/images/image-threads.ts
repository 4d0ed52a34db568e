/**
 * Threads that read, check and decode images. The codec decodes off the JavaScript thread, but what is left there, buffers to
 * allocate and to collect above all, is 2 ms an image of a megapixel: without these a GPU would wait for one busy thread.
 */
import { availableParallelism } from 'node:os';
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { DiptychError, type ErrorCode, type RasterImage } from '@diptych/plugin-kit';
import { type ImageTask, type ImageTasks, imageTasks } from './image-tasks.ts';
import type { TaskInput, ThreadAnswer, ThreadFault, ThreadRequest } from './image-thread.ts';
import { pixelMemory } from './pixel-memory.ts';

/** So many images at once are worth threads, which take a tenth of a second to start. Arbitrary. */
const worthThreads = 8;
/** A thread hands on some 500 images a second, a core decodes a hundred. */
const [coresPerThread, mostThreads] = [4, 4];

interface Waiting {
  readonly task: ImageTask;
  readonly given: TaskInput;
  readonly into?: SharedArrayBuffer | undefined;
  resolve(result: unknown): void;
  reject(error: unknown): void;
}

class ImageThread {
  readonly #worker = new Worker(new URL(`./image-thread${extname(import.meta.url)}`, import.meta.url), { execArgv: [] });
  readonly #waiting = new Map<number, Waiting>();
  #next = 0;
  isReady = false;

  constructor() {
    this.#worker.unref();
    this.#worker.on('message', (answer: ThreadAnswer) => this.#settle(answer));
    this.#worker.on('error', () => this.#end());
    this.#worker.on('exit', () => this.#end());
  }

  get pending(): number {
    return this.#waiting.size;
  }

  ask(waiting: Waiting): void {
    const id = this.#next++;
    if (this.#waiting.size === 0) this.#worker.ref();
    this.#waiting.set(id, waiting);
    const [bytes, ...others] = waiting.given;
    const copy = new Uint8Array(bytes); // of these alone: a message takes the whole memory that a view looks into
    const { task, into } = waiting;
    const request: ThreadRequest = { id, task, given: [copy, ...others], ...(into && { into }) };
    this.#worker.postMessage(request, [copy.buffer]);
  }

  #settle(answer: ThreadAnswer): void {
    if (answer === 'ready') {
      this.isReady = true;
      return;
    }
    const waiting = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    if (this.#waiting.size === 0) this.#worker.unref();
    if ('fault' in answer) waiting?.reject(errorOf(answer.fault));
    else if (answer.written === undefined) waiting?.resolve(answer.result);
    else waiting?.resolve({ ...(answer.result as object), data: new Uint8Array(waiting.into!, 0, answer.written) });
  }

  /** A thread that ended, for want of memory say, leaves its work to this one. */
  #end(): void {
    this.isReady = false;
    const left = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { task, given, resolve, reject } of left) here(task, given).then(resolve, reject);
  }
}

const here = (task: ImageTask, given: TaskInput): Promise<unknown> =>
  (imageTasks[task] as (...given: readonly unknown[]) => Promise<unknown>)(...given);

function errorOf({ code, message, details, cause }: ThreadFault): Error {
  if (code === undefined) return new Error(message);
  return new DiptychError(code as ErrorCode, message, {
    ...(details && { details }),
    ...(cause !== undefined && { cause: new Error(cause) }),
  });
}

/** Of this process; started when first worth it, never stopped: they do not keep the process alive. */
let threads: readonly ImageThread[] | undefined;
let atOnce = 0;

/** DIPTYCH_IMAGE_THREADS, else by the number of cores; 0 does all on the calling thread. */
function numberOfThreads(): number {
  const asked = Number(process.env['DIPTYCH_IMAGE_THREADS'] ?? Number.NaN);
  if (Number.isInteger(asked) && asked >= 0) return Math.min(asked, 16);
  return Math.min(mostThreads, Math.floor(availableParallelism() / coresPerThread));
}

/** Bytes of the pixels that a task makes, where that is known before. */
function pixelBytes(task: ImageTask, given: TaskInput): number | undefined {
  if (task !== 'decode') return undefined;
  const [, , options, info] = given as unknown as Parameters<ImageTasks['decode']>;
  return info && info.width * info.height * (info.hasAlpha && options?.alpha === 'keep' ? 4 : 3);
}

async function inThread(thread: ImageThread, task: ImageTask, given: TaskInput): Promise<unknown> {
  const bytes = pixelBytes(task, given);
  const into = bytes === undefined ? undefined : pixelMemory.take(bytes);
  let isUsed = false;
  try {
    const result = await new Promise((resolve, reject) => thread.ask({ task, given, into, resolve, reject }));
    isUsed = (result as Partial<RasterImage>).data?.buffer === into;
    return result;
  } finally {
    if (into && !isUsed) pixelMemory.give(into);
  }
}

function idlestThread(): ImageThread | undefined {
  if (atOnce >= worthThreads) threads ??= Array.from({ length: numberOfThreads() }, () => new ImageThread());
  const ready = threads?.filter(({ isReady }) => isReady) ?? [];
  return ready.reduce<ImageThread | undefined>(
    (least, one) => (least && least.pending <= one.pending ? least : one),
    undefined,
  );
}

/** Does an image task, in a thread where many come at once. Rejects as the task does; pixels may lie in shared memory. */
export async function doImageTask<Task extends ImageTask>(
  task: Task,
  ...given: Parameters<ImageTasks[Task]>
): Promise<Awaited<ReturnType<ImageTasks[Task]>>> {
  atOnce++;
  try {
    const thread = idlestThread();
    return (await (thread ? inThread(thread, task, given) : here(task, given))) as Awaited<ReturnType<ImageTasks[Task]>>;
  } finally {
    atOnce--;
  }
}
