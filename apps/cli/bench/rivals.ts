/** TensorFlow.js and onnxruntime-node on the same network, each as its users run it on this machine's CPU. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { ModelGraph, RasterImage, Tensors } from '@diptych/plugin-kit';
import { writeOnnx } from './onnx-file.ts';

export interface Rival {
  readonly name: string;
  /** Five class scores an image, in nsfwjs's order. */
  score(jpegs: readonly Uint8Array[]): Promise<number[][]>;
  close(): Promise<void>;
}
type Decode = (bytes: Uint8Array) => Promise<RasterImage>;

const install = 'ONNXRUNTIME_NODE_INSTALL=skip npm ci --legacy-peer-deps --prefix apps/cli/bench';

/** Rivals are not part of the workspace: 300 MB that no user of Diptych needs. */
export function loadRival<Module>(name: string): Module {
  if (!existsSync(new URL('./node_modules', import.meta.url))) throw new Error(`${name} is not installed; run: ${install}`);
  return createRequire(fileURLToPath(new URL('./package.json', import.meta.url)))(name) as Module;
}

const rows = (values: ArrayLike<number>, count: number): number[][] =>
  Array.from({ length: count }, (_, row) => Array.from({ length: 5 }, (_unused, column) => values[row * 5 + column]!));

export interface OnnxTensor {
  readonly data: Float32Array;
}
export interface OnnxRuntime {
  readonly InferenceSession: {
    create(
      model: Uint8Array | string,
      options: object,
    ): Promise<{ run(feeds: object): Promise<Record<string, OnnxTensor>>; release(): Promise<void> }>;
  };
  readonly Tensor: new (type: 'float32', data: Float32Array, dims: readonly number[]) => OnnxTensor;
}

export async function openOnnxruntime(
  { graph, weights }: { graph: ModelGraph; weights: Tensors },
  size: number,
  decode: Decode,
): Promise<Rival> {
  const runtime = loadRival<OnnxRuntime>('onnxruntime-node');
  const threads = availableParallelism();
  const session = await runtime.InferenceSession.create(writeOnnx(graph, weights, size), {
    executionProviders: ['cpu'],
    intraOpNumThreads: threads,
  });
  return {
    name: `onnxruntime-node 1.30.0 CPU, ${threads} threads`,
    async score(jpegs) {
      const rasters = await Promise.all(jpegs.map(decode));
      const pixels = new Float32Array(jpegs.length * size * size * 3);
      rasters.forEach(({ data }, index) => {
        pixels.set(data, index * size * size * 3);
      });
      const outputs = await session.run({ pixels: new runtime.Tensor('float32', pixels, [jpegs.length, size, size, 3]) });
      return rows(outputs[graph.outputs[0]!]!.data, jpegs.length);
    },
    close: () => session.release(),
  };
}

/** As much of TensorFlow.js as is used here: it is installed for benchmarks only, so its own types are absent. */
interface TensorFlowTensor {
  toFloat(): TensorFlowTensor;
  div(by: number): TensorFlowTensor;
  dataSync(): Float32Array;
}
interface TensorFlow {
  readonly version: { readonly tfjs: string };
  readonly io: { fromMemory(artifacts: object): object };
  readonly image: {
    resizeBilinear(image: TensorFlowTensor, size: readonly [number, number], alignCorners: boolean): TensorFlowTensor;
  };
  setBackend(name: string): Promise<boolean>;
  getBackend(): string;
  ready(): Promise<void>;
  loadLayersModel(source: object): Promise<{ predict(input: TensorFlowTensor): TensorFlowTensor; dispose(): void }>;
  tidy<T>(work: () => T): T;
  tensor3d(data: Uint8Array, shape: readonly number[], type: 'int32'): TensorFlowTensor;
  stack(tensors: readonly TensorFlowTensor[]): TensorFlowTensor;
}

export async function openTensorFlow(decode: Decode): Promise<Rival> {
  const tf = loadRival<TensorFlow>('@tensorflow/tfjs');
  const wasm = loadRival<{ setWasmPaths(folder: string): void; setThreadsCount(count: number): void }>(
    '@tensorflow/tfjs-backend-wasm',
  );
  wasm.setWasmPaths(fileURLToPath(new URL('./node_modules/@tensorflow/tfjs-backend-wasm/wasm-out/', import.meta.url)));
  await tf.setBackend('wasm');
  await tf.ready();
  const { modelTopology, weightsManifest } = loadRival<{ modelTopology: object; weightsManifest: { weights: object[] }[] }>(
    './node_modules/nsfwjs/dist/models/mobilenet_v2/model.min.js',
  );
  const shard = Buffer.from(
    loadRival<string>('./node_modules/nsfwjs/dist/models/mobilenet_v2/group1-shard1of1.min.js'),
    'base64',
  );
  const weightData = shard.buffer.slice(shard.byteOffset, shard.byteOffset + shard.byteLength);
  const model = await tf.loadLayersModel(
    tf.io.fromMemory({ modelTopology, weightSpecs: weightsManifest.flatMap(({ weights }) => weights), weightData }),
  );
  return {
    name: `TensorFlow.js ${tf.version.tfjs} ${tf.getBackend()}`,
    async score(jpegs) {
      const rasters = await Promise.all(jpegs.map(decode));
      const values = tf.tidy(() => {
        const inputs = rasters.map(({ width, height, data }) =>
          tf.image.resizeBilinear(tf.tensor3d(data, [height, width, 3], 'int32').toFloat().div(255), [224, 224], true),
        );
        return model.predict(tf.stack(inputs)).dataSync();
      });
      return rows(values, jpegs.length);
    },
    close: async () => model.dispose(),
  };
}
