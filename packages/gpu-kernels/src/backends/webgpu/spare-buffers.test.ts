import { expect, it } from 'vitest';
import { SpareBuffers } from './spare-buffers.ts';

const megabyte = 2 ** 20;

it('gives back the smallest buffer that fits and is not more than twice as large', () => {
  const spare = new SpareBuffers();
  const [small, middle, large] = [1, 2, 8].map((size) => new ArrayBuffer(size * megabyte));
  for (const buffer of [large!, small!, middle!]) spare.give(buffer);
  expect(spare.take(1.5 * megabyte)).toBe(middle);
  expect(spare.take(1.5 * megabyte)).not.toBe(large);
  expect(spare.take(1 * megabyte)).toBe(small);
  expect(spare.take(5 * megabyte)).toBe(large);
  expect(spare.take(5 * megabyte).byteLength).toBe(5 * megabyte);
});

it('keeps four at most, the newest, and none that is small', () => {
  const spare = new SpareBuffers();
  const given = [1, 2, 3, 4, 5].map(() => new ArrayBuffer(megabyte));
  for (const buffer of [...given, new ArrayBuffer(1000)]) spare.give(buffer);
  const taken = given.map(() => spare.take(megabyte));
  expect(taken.filter((buffer) => given.includes(buffer))).toHaveLength(4);
  expect(taken).not.toContain(given[0]);
  expect(spare.take(1000).byteLength).toBe(1000);
});
