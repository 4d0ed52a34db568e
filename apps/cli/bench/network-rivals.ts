/**
 * One ONNX file, one input `x`, one output: on our native backend and on onnxruntime-node. Each is imported when it is opened,
 * so that a process which measures one does not load the other.
 */
import type { Precision } from '@diptych/plugin-kit';
import { loadRival, type OnnxRuntime } from './rivals.ts';

export interface Contender extends AsyncDisposable {
  /** Ours: `f32`, or the precision asked for, or the finer one that the check of half precision chose. */
  readonly computedIn?: string;
  /** Scores of `batch` items. */
  run(input: Float32Array): Promise<Float32Array>;
  /** Milliseconds of a run, of one that runs elsewhere: CPU time on one thread, else wall time. */
  time?(input: Float32Array): Promise<number>;
}

/** From the bytes of a file, or from its path, as either is for users. */
export async function openDiptych(
  file: Uint8Array | string,
  batch: number,
  threads: number,
  { precision = 'f32', checkHalf = true }: { readonly precision?: Precision; readonly checkHalf?: boolean } = {},
): Promise<Contender> {
  const { openRuntime } = await import('@diptych/gpu-kernels');
  const runtime = await openRuntime({ prefer: 'native', threads, precision, checkHalf });
  const { bytes, ...rest } = typeof file === 'string' ? await readModel(file) : { bytes: file };
  const model = await runtime.loadOnnx(bytes, { batch, ...rest });
  const [input] = model.inputs;
  const [beyond] = runtime.info.beyondHalf ?? [];
  return {
    computedIn: beyond === undefined ? precision : (beyond.computedIn ?? 'f32'),
    async run(data) {
      const outputs = await model.run({ [input!.name]: { shape: [batch, ...input!.shape], data } });
      return Object.values(outputs)[0]!.data;
    },
    async [Symbol.asyncDispose]() {
      await model[Symbol.asyncDispose]();
      await runtime[Symbol.asyncDispose]();
    },
  };
}

async function readModel(path: string) {
  const { openOnnxFile } = await import('@diptych/gpu-kernels/onnx');
  return openOnnxFile(path);
}

export async function openOnnxruntimeNetwork(
  file: Uint8Array | string,
  batch: number,
  threads: number,
  graphOptimizationLevel: 'all' | 'disabled' = 'all',
): Promise<Contender> {
  const runtime = loadRival<OnnxRuntime>('onnxruntime-node');
  const session = await runtime.InferenceSession.create(file, {
    executionProviders: ['cpu'],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    graphOptimizationLevel,
  });
  return {
    async run(data) {
      const side = Math.round(Math.sqrt(data.length / batch / 3));
      const outputs = await session.run({ x: new runtime.Tensor('float32', data, [batch, 3, side, side]) });
      return Object.values(outputs)[0]!.data;
    },
    [Symbol.asyncDispose]: () => session.release(),
  };
}
