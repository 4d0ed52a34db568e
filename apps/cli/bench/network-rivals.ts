/** One ONNX file, one input `x`, one output: on our native backend and on onnxruntime-node. */
import { openRuntime } from '@diptych/gpu-kernels';
import { loadRival, type OnnxRuntime } from './rivals.ts';

export interface Contender {
  /** Scores of `batch` items. */
  run(input: Float32Array): Promise<Float32Array>;
  close(): Promise<void>;
}

export async function openDiptych(file: Uint8Array, batch: number, threads: number): Promise<Contender> {
  const runtime = await openRuntime({ prefer: 'native', threads });
  const model = await runtime.loadOnnx(file, { batch });
  const [input] = model.inputs;
  return {
    async run(data) {
      const outputs = await model.run({ [input!.name]: { shape: [batch, ...input!.shape], data } });
      return Object.values(outputs)[0]!.data;
    },
    async close() {
      await model[Symbol.asyncDispose]();
      await runtime[Symbol.asyncDispose]();
    },
  };
}

export async function openOnnxruntimeNetwork(file: Uint8Array, batch: number, threads: number): Promise<Contender> {
  const runtime = loadRival<OnnxRuntime>('onnxruntime-node');
  const session = await runtime.InferenceSession.create(file, {
    executionProviders: ['cpu'],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
  });
  return {
    async run(data) {
      const side = Math.round(Math.sqrt(data.length / batch / 3));
      const outputs = await session.run({ x: new runtime.Tensor('float32', data, [batch, 3, side, side]) });
      return Object.values(outputs)[0]!.data;
    },
    close: () => session.release(),
  };
}
