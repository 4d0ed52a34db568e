/** The committed networks of `goldens/onnx`, their inputs made again and onnxruntime's outputs: for tests. */
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Tensor } from '@diptych/plugin-kit';
import { sizeOf } from '../graph/shapes.ts';

const folder = new URL('../../goldens/onnx/', import.meta.url);
interface Golden {
  readonly opset: number;
  readonly x: { readonly shape: readonly number[] };
  readonly y: { readonly shape: readonly number[]; readonly data: readonly number[] };
}
const goldens = JSON.parse(readFileSync(new URL('networks.json', folder), 'utf8')) as Readonly<Record<string, Golden>>;

export const goldenNames = Object.keys(goldens);
export const goldenBytes = (name: string): Uint8Array => readFileSync(new URL(`${name}.onnx`, folder));
export const readGoldenExternal = (path: string): Promise<Uint8Array> => readFile(join(fileURLToPath(folder), path));

export function goldenOf(name: string): { readonly x: Tensor; readonly y: Tensor } {
  const { x, y } = goldens[name]!;
  const data = Float32Array.from({ length: sizeOf(x.shape) }, (_, i) => ((i * 7919) % 2001) / 1000 - 1);
  return { x: { shape: x.shape, data }, y: { shape: y.shape, data: Float32Array.from(y.data) } };
}

export function cosine(a: Float32Array, b: Float32Array): number {
  let [dot, aa, bb] = [0, 0, 0];
  for (const [i, value] of a.entries()) {
    dot += value * b[i]!;
    aa += value ** 2;
    bb += b[i]! ** 2;
  }
  return dot / Math.sqrt(aa * bb);
}
