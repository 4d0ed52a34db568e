/**
 * The thread that owns the GPU for its whole life. Requests are begun one after another; the answer of a run does not hold
 * up the next one, so that a batch is uploaded while others compute. With nothing in flight no promise is pending, and
 * Dawn does not poll.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { parentPort } from 'node:worker_threads';
import { DiptychError, isDiptychError } from '@diptych/plugin-kit/runtime';
import { listAdapters } from './adapters.ts';
import { type Gpu, openGpu } from './device.ts';
import type { GpuOptions } from './gpu-options.ts';
import { type Answer, type Opened, ownedBuffers, type Request, type RunAnswer, type RunRequest } from './messages.ts';
import { GpuModel } from './model.ts';

let options: GpuOptions = {};
let gpu: Gpu | undefined;
let runs = 0;
const models = new Map<number, GpuModel>();
let queue: Promise<void> = Promise.resolve();
const port = parentPort!;

port.on('message', ({ id, ...request }: Request & { id: number }) => {
  queue = queue.then(() => answer(id, request as Request));
});

async function answer(id: number, request: Request): Promise<void> {
  const reject = async (error: unknown): Promise<void> => {
    port.postMessage({ id, error: await describe(error) } satisfies Answer);
  };
  try {
    if (request.kind === 'run') {
      const { answer: answered } = await submit(request);
      giveBack(request.request);
      const resolve = (result: RunAnswer): void =>
        port.postMessage({ id, result } satisfies Answer, result.outputs.map(({ buffer }) => buffer as ArrayBuffer)); // biome-ignore format: one call
      void answered.then(resolve, reject);
    } else port.postMessage({ id, result: await serve(request) } satisfies Answer);
  } catch (error) {
    await reject(error);
  }
  if (request.kind === 'close') port.close();
}

/** What was packed into it is copied: the main thread packs the next run there. */
function giveBack(request: RunRequest): void {
  const spent = ownedBuffers(request);
  port.postMessage({ spent } satisfies Answer, spent);
}

async function submit({ model, request }: Extract<Request, { kind: 'run' }>): ReturnType<GpuModel['submit']> {
  const found = models.get(model)!;
  if (found.gpu.lost !== undefined) throw deviceLost(found.gpu.lost);
  const run = await found.submit(request);
  runs++;
  if (runs === options.lesser?.loseAfterRuns) found.gpu.device.destroy();
  return run;
}

async function serve(request: Exclude<Request, { kind: 'run' }>): Promise<unknown> {
  switch (request.kind) {
    case 'open':
      options = request.options;
      return open();
    case 'list-adapters':
      return listAdapters();
    case 'compile':
      // A lost device takes its models with it; what is loaded from now on gets a new one.
      if (gpu!.lost !== undefined) await open();
      models.set(request.model, await GpuModel.load(gpu!, request.plan, request.weights, request.precision));
      return undefined;
    case 'dispose':
      await models.get(request.model)?.destroy();
      models.delete(request.model);
      return undefined;
    case 'close':
      for (const model of models.values()) await model.destroy();
      gpu?.device.destroy();
      await gpu?.device.lost;
      return undefined;
  }
}

async function open(): Promise<Opened> {
  gpu = await openGpu(options);
  return {
    description: gpu.description,
    software: gpu.software,
    maxBindingSize: gpu.device.limits.maxStorageBufferBindingSize,
    ...(gpu.target.matrices && { matrices: gpu.target.matrices }),
  };
}

const deviceLost = (reason: string): DiptychError =>
  new DiptychError(
    'DEVICE_LOST',
    `The GPU device was lost: ${reason}. Models that were loaded on it are gone: load them again, or resume the run; if it persists, use --backend native.`,
  );

async function describe(error: unknown): Promise<Extract<Answer, { error: unknown }>['error']> {
  if (!isDiptychError(error) && gpu !== undefined && gpu.lost === undefined) {
    // Calls of a device that is being lost fail a moment before it says so.
    await Promise.race([gpu.device.lost, sleep(200)]);
  }
  const known = isDiptychError(error) ? error : gpu?.lost !== undefined ? deviceLost(gpu.lost) : unexpected(error);
  return { code: known.code, message: known.message, details: known.details };
}

const unexpected = (error: unknown): DiptychError =>
  new DiptychError(
    'INVARIANT_BROKEN',
    `The WebGPU worker failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
  );
