/** The thread that owns the GPU for its whole life. Requests are served one after another; between them no promise is pending, so Dawn does not poll. */
import { parentPort } from 'node:worker_threads';
import { DiptychError, isDiptychError } from '@diptych/plugin-kit';
import { type Gpu, openGpu } from './device.ts';
import type { Answer, Opened, Request } from './messages.ts';
import { GpuModel } from './model.ts';
import { Pipelines } from './pipelines.ts';

interface State {
  readonly gpu: Gpu;
  readonly pipelines: Pipelines;
}
let state: State | undefined;
const models = new Map<number, GpuModel>();
let queue: Promise<void> = Promise.resolve();
const port = parentPort!;

port.on('message', ({ id, ...request }: Request & { id: number }) => {
  queue = queue.then(async () => {
    try {
      const result = await serve(request as Request);
      const transfer = Array.isArray(result) ? result.map((output) => (output as Float32Array<ArrayBuffer>).buffer) : [];
      port.postMessage({ id, result } satisfies Answer, transfer);
    } catch (error) {
      port.postMessage({ id, error: describe(error) } satisfies Answer);
    }
    if (request.kind === 'close') port.close();
  });
});

async function serve(request: Request): Promise<unknown> {
  if (request.kind === 'open') return open();
  if (state === undefined) return undefined; // no adapter: there is nothing but to close
  const { gpu, pipelines } = state;
  if (gpu.lost !== undefined && request.kind !== 'close') throw new Error('lost');
  switch (request.kind) {
    case 'compile':
      models.set(request.model, await GpuModel.load(gpu, pipelines, request.plan, request.weights));
      return undefined;
    case 'run':
      return models.get(request.model)!.run(request.request);
    case 'dispose':
      models.get(request.model)?.destroy();
      models.delete(request.model);
      return undefined;
    case 'close':
      gpu.device.destroy();
      await gpu.device.lost;
      return undefined;
  }
}

async function open(): Promise<Opened> {
  const gpu = await openGpu();
  state = { gpu, pipelines: new Pipelines(gpu.device) };
  return {
    description: gpu.description,
    software: gpu.software,
    maxBindingSize: gpu.device.limits.maxStorageBufferBindingSize,
  };
}

function describe(error: unknown): Extract<Answer, { error: unknown }>['error'] {
  const lost = state?.gpu.lost;
  const known =
    lost !== undefined
      ? new DiptychError(
          'DEVICE_LOST',
          `The GPU device was lost: ${lost}. Resume the run; if it persists, use --backend native.`,
        )
      : isDiptychError(error)
        ? error
        : new DiptychError(
            'INVARIANT_BROKEN',
            `The WebGPU worker failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
          );
  return { code: known.code, message: known.message, details: known.details };
}
