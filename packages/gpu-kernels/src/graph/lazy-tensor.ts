/**
 * Tensors whose numbers are made when they are first read. The weights of a file are most often only moved on their way to a
 * backend, and the native one packs them from the bytes of the file: no copy of them is made for it. Until then such a tensor
 * holds on to the file.
 */
import { closeSync, openSync, readSync } from 'node:fs';
import type { Tensor } from '@diptych/plugin-kit';
import { graphInvalid } from './graph-errors.ts';
import { sizeOf } from './shapes.ts';

/** Bytes of a file that must not change until they were read. */
export interface FilePart {
  readonly path: string;
  readonly offset: number;
  readonly length: number;
}

/** Float32 in this machine's byte order at any address: matrices `[rows][columns]` one after the other, which the tensor holds turned. */
export interface StoredFloats {
  readonly source: Uint8Array | FilePart;
  readonly rows: number;
  readonly columns: number;
}

/** `data` is an own property, so that a copy of the object has the numbers. */
export class LazyTensor implements Tensor {
  readonly shape: readonly number[];
  declare readonly data: Float32Array;
  #stored: StoredFloats | undefined;

  /** `make` gives as many numbers as the shape has. */
  constructor(shape: readonly number[], make: () => Float32Array, stored?: StoredFloats) {
    this.shape = shape;
    this.#stored = stored;
    const get = (): Float32Array => {
      const value = make();
      Object.defineProperty(this, 'data', { enumerable: true, value }); // from now on plain: the file need not stay in memory
      this.#stored = undefined;
      return value;
    };
    Object.defineProperty(this, 'data', { enumerable: true, configurable: true, get });
  }

  /** As it is stored, where the numbers were not made yet and lie in memory all the same. */
  get stored(): StoredFloats | undefined {
    return this.#stored;
  }
}

const bytesOf = (data: Float32Array): Uint8Array => new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

const knownStorage = (tensor: Tensor): StoredFloats | undefined =>
  tensor instanceof LazyTensor ? tensor.stored : { source: bytesOf(tensor.data), rows: 1, columns: 1 };

/** How a backend may read a tensor without its numbers being moved; they are made where nothing else is possible. */
export const storedOf = (tensor: Tensor): StoredFloats =>
  knownStorage(tensor) ?? { source: bytesOf(tensor.data), rows: 1, columns: 1 };

/** How many numbers there are, without making them. */
export const lengthOf = (tensor: Tensor): number =>
  tensor instanceof LazyTensor ? sizeOf(tensor.shape) : tensor.data.length;

/** Bytes of an open file, or undefined where it ends before them. */
export function readBytes(file: number, offset: number, length: number): Uint8Array | undefined {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; ) {
    const count = readSync(file, bytes, at, Math.min(length - at, 2 ** 30), offset + at);
    if (count === 0) return undefined;
    at += count;
  }
  return bytes;
}

/** Throws GRAPH_INVALID where the file has fewer bytes than it had. */
export function readPart({ path, offset, length }: FilePart): Uint8Array {
  const file = openSync(path, 'r');
  try {
    const bytes = readBytes(file, offset, length);
    if (bytes === undefined)
      throw graphInvalid(`File ${path}`, `it ends before byte ${offset + length}: it was changed while it was loaded.`);
    return bytes;
  } finally {
    closeSync(file);
  }
}

/** A copy: protobuf aligns nothing, and a view would hold the whole file wherever it goes. */
export function floatsOf(bytes: Uint8Array): Float32Array {
  const data = new Float32Array(bytes.length / 4);
  bytesOf(data).set(bytes);
  return data;
}

/** Side of the squares in which matrices are turned: rows of both sides then stay in the first cache level. */
const square = 32;

/** `data` with each of its matrices `[rows][columns]` turned, times `factor`. */
function turn(data: Float32Array, rows: number, columns: number, factor: number): Float32Array {
  const turned = new Float32Array(data.length);
  for (let start = 0; start < data.length; start += rows * columns)
    for (let top = 0; top < rows; top += square)
      for (let left = 0; left < columns; left += square) {
        const [bottom, right] = [Math.min(rows, top + square), Math.min(columns, left + square)];
        for (let column = left; column < right; column++)
          for (let row = top; row < bottom; row++)
            turned[start + column * rows + row] = data[start + row * columns + column]! * factor;
      }
  return turned;
}

/** The tensor with its matrices `[rows][columns]`, one after the other, turned; `shape` is what it has then. */
export function turned(tensor: Tensor, shape: readonly number[], rows: number, columns: number, factor = 1): Tensor {
  const known = knownStorage(tensor);
  const isPlain = factor === 1 && (known?.rows === 1 || known?.columns === 1);
  const stored = isPlain ? { source: known.source, rows, columns } : undefined;
  return new LazyTensor(shape, () => turn(tensor.data, rows, columns, factor), stored);
}

/** The same numbers in another shape. */
export const reshaped = (tensor: Tensor, shape: readonly number[]): Tensor =>
  tensor instanceof LazyTensor ? new LazyTensor(shape, () => tensor.data, tensor.stored) : { shape, data: tensor.data };
