import { describe, expect, it } from 'vitest';
import { LazyTensor, lengthOf, reshaped, storedOf, turned } from './lazy-tensor.ts';

const numbers = (length: number): Float32Array => Float32Array.from({ length }, (_, i) => i);

/** What the bytes hold, each matrix turned. */
function readStored({ source, rows, columns }: ReturnType<typeof storedOf>): number[] {
  const bytes = source as Uint8Array;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const isLittle = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;
  const stored = Array.from({ length: bytes.length / 4 }, (_, i) => view.getFloat32(4 * i, isLittle));
  return stored.map((_, i) => {
    const inside = i % (rows * columns);
    return stored[i - inside + (inside % rows) * columns + Math.floor(inside / rows)]!;
  });
}

describe('lazy tensors', () => {
  it.each([
    [[2, 3], 2, 3],
    [[2, 3, 4], 3, 4],
    [[1, 70, 33], 70, 33],
    [[5], 1, 5],
    [[5], 5, 1],
  ])('turn %j as matrices of %i rows and %i columns, and store what they say', (shape, rows, columns) => {
    const source = { shape, data: numbers(shape.reduce((product, size) => product * size, 1)) };
    const tensor = turned(source, [source.data.length], rows, columns);
    const stored = storedOf(tensor);
    expect(stored).toMatchObject({ rows, columns });
    expect(readStored(stored)).toEqual([...tensor.data]);
    const first = Array.from({ length: columns * rows }, (_, i) => source.data[(i % rows) * columns + Math.floor(i / rows)]);
    expect([...tensor.data.subarray(0, rows * columns)]).toEqual(first);
  });

  it('make their numbers once, when these are read', () => {
    let made = 0;
    const tensor = new LazyTensor([4], () => {
      made++;
      return numbers(4);
    });
    const other = reshaped(turned(tensor, [4], 2, 2, 3), [2, 2]);
    expect([lengthOf(tensor), lengthOf(other), made]).toEqual([4, 4, 0]);
    expect([...other.data, ...tensor.data, made]).toEqual([0, 6, 3, 9, 0, 1, 2, 3, 1]);
  });

  it('are turned again from their numbers', () => {
    const tensor = turned(turned({ shape: [2, 3], data: numbers(6) }, [3, 2], 2, 3), [2, 3], 3, 2);
    expect(storedOf(tensor)).toMatchObject({ rows: 1, columns: 1 });
    expect([...tensor.data]).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it('give their numbers to a copy, which is not stored any more', () => {
    const copy = { ...turned({ shape: [2, 2], data: numbers(4) }, [2, 2], 2, 2) };
    expect([...copy.data]).toEqual([0, 2, 1, 3]);
    expect(storedOf(copy)).toMatchObject({ rows: 1, columns: 1 });
    expect(structuredClone(copy)).toEqual(copy);
  });
});
