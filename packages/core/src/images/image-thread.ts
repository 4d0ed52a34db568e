/** A thread of `image-threads.ts`: does tasks as they come, several at a time, since the codec has threads of its own. */
import { parentPort } from 'node:worker_threads';
import { isDiptychError, type RasterImage } from '@diptych/plugin-kit';
import { describeError } from '../text/describe-error.ts';
import { freePixels } from './free-pixels.ts';
import { type ImageTask, imageTasks } from './image-tasks.ts';

/** Bytes of a file first, in every task. */
export type TaskInput = readonly [bytes: Uint8Array, ...others: unknown[]];
export interface ThreadRequest {
  readonly id: number;
  readonly task: ImageTask;
  readonly given: TaskInput;
  /** Where pixels belong, if they fit. */
  readonly into?: SharedArrayBuffer;
}
export type ThreadAnswer =
  | 'ready'
  /** `written`: so many bytes of pixels lie where they belong, and are not in `result`. */
  | { readonly id: number; readonly result: unknown; readonly written?: number }
  | { readonly id: number; readonly fault: ThreadFault };
/** Without a code: a bug, in the words of its stack. */
export interface ThreadFault {
  readonly code?: string;
  readonly message: string;
  readonly details?: Readonly<Record<string, unknown>>;
  readonly cause?: string;
}

const port = parentPort!;
const say = (answer: ThreadAnswer, moved: readonly ArrayBuffer[] = []): void => port.postMessage(answer, moved);

async function answer({ id, task, given, into }: ThreadRequest): Promise<void> {
  try {
    const result = await (imageTasks[task] as (...given: readonly unknown[]) => Promise<object>)(...given);
    if ('data' in result) sayPixels(id, result as RasterImage, into);
    else say({ id, result });
  } catch (error) {
    say({ id, fault: faultOf(error) });
  }
}

/** The codec's own memory cannot move to another thread. */
function sayPixels(id: number, { data, ...size }: RasterImage, into: SharedArrayBuffer | undefined): void {
  const fits = into !== undefined && into.byteLength >= data.length;
  const copy = fits ? undefined : new Uint8Array(data);
  if (fits) new Uint8Array(into).set(data);
  const written = data.length;
  freePixels({ data });
  if (copy) say({ id, result: { ...size, data: copy } }, [copy.buffer]);
  else say({ id, result: size, written });
}

function faultOf(error: unknown): ThreadFault {
  if (!isDiptychError(error)) return { message: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  const { code, message, details, cause } = error;
  return { code, message, details, ...(cause !== undefined && { cause: describeError(cause) }) };
}

port.on('message', (request: ThreadRequest) => void answer(request));
say('ready');
