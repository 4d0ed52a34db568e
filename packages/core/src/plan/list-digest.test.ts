import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { ListDigest, ofImage, ofSample } from './list-digest.ts';

const digestOf = (...items: readonly Readonly<Record<string, unknown>>[]): string => {
  const list = new ListDigest();
  for (const item of items) list.add(item);
  return list.hex();
};

it('is of canonical lines, in their order', () => {
  const lines = '{"id":"a","text":"one"}\n{"id":"b","text":"two"}\n';
  const [a, b] = [
    { text: 'one', id: 'a' },
    { id: 'b', text: 'two', pairId: undefined },
  ];
  expect(digestOf(a, b)).toBe(createHash('sha256').update(lines).digest('hex'));
  expect(digestOf(b, a)).not.toBe(digestOf(a, b));
});

it('takes of a listed sample what a run takes of it', () => {
  const sample = { key: 'a.png', model: 'm', prompt: 'a cat', hazards: ['hate'], level: 1 } as const;
  const same = digestOf(ofSample(sample));
  expect(digestOf(ofSample(Object.assign({ openedAt: 1 }, sample)))).toBe(same);
  for (const changed of [
    { key: 'b.png' },
    { prompt: 'a dog' },
    { hazards: [] },
    { family: 'mllm' },
    { groupId: 'g' },
  ] as const)
    expect(digestOf(ofSample({ ...sample, ...changed }))).not.toBe(same);
});

it('takes of an authentic image its key, its group and its licence', () => {
  const image = { key: 'a.jpg', licence: { id: 'CC0-1.0' } };
  const same = digestOf(ofImage(image));
  expect(digestOf(ofImage(Object.assign({ openedAt: 1 }, image)))).toBe(same);
  for (const changed of [{ key: 'b.jpg' }, { groupId: 'g' }, { licence: { id: 'MIT' } }])
    expect(digestOf(ofImage({ ...image, ...changed }))).not.toBe(same);
});
