/**
 * The committed architectures of `goldens/networks`, for tests. Their files hold the graph; weights are drawn again from
 * the seed and range that an initializer names as the place of its data.
 */
import { readdirSync, readFileSync } from 'node:fs';
import type { Tensor, Tensors } from '@diptych/plugin-kit';
import { sizeOf } from '../graph/shapes.ts';
import { randomNumbers } from '../kernels/case.ts';

const folder = new URL('../../goldens/networks/', import.meta.url);

interface GoldenTensor {
  readonly shape: readonly number[];
  readonly data?: readonly number[];
}
interface Golden {
  readonly inputs: Readonly<Record<string, GoldenTensor>>;
  readonly y: Required<GoldenTensor>;
}

export const architectureNames: readonly string[] = readdirSync(folder)
  .filter((name) => name.endsWith('.onnx'))
  .map((name) => name.slice(0, -'.onnx'.length));

export const architectureBytes = (name: string): Uint8Array => readFileSync(new URL(`${name}.onnx`, folder));

/** `uniform/SEED/MIN/MAX/COUNT`, as `export.py` writes it. */
export async function drawnWeights(path: string): Promise<Uint8Array> {
  const [, seed, min, max, count] = path.split('/').map(Number) as [number, number, number, number, number];
  return new Uint8Array(randomNumbers(count, seed, [min, max]).buffer);
}

const tensorOf = ({ shape, data }: GoldenTensor): Tensor => ({
  shape,
  data:
    data === undefined
      ? Float32Array.from({ length: sizeOf(shape) }, (_, i) => ((i * 7919) % 2001) / 1000 - 1)
      : Float32Array.from(data),
});

export function architectureGolden(name: string): { readonly inputs: Tensors; readonly y: Tensor } {
  const { inputs, y } = JSON.parse(readFileSync(new URL(`${name}.json`, folder), 'utf8')) as Golden;
  const tensors = Object.entries(inputs).map(([input, given]) => [input, tensorOf(given)]);
  return { inputs: Object.fromEntries(tensors) as Tensors, y: tensorOf(y) };
}

/** Item `index` of every input. */
export function itemOf(inputs: Tensors, index: number): Tensors {
  const one = ({ shape, data }: Tensor): Tensor => {
    const size = data.length / shape[0]!;
    return { shape: [1, ...shape.slice(1)], data: data.slice(index * size, (index + 1) * size) };
  };
  return Object.fromEntries(Object.entries(inputs).map(([name, tensor]) => [name, one(tensor)]));
}
