import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { collect } from '@diptych/plugin-kit/testing';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../testing/temporary-folder.ts';
import { readJsonEntries } from './json-entries.ts';

const folder = temporaryFolder();
const signal = new AbortController().signal;
const read = (path: string, keys: readonly string[] = []) =>
  collect(readJsonEntries({ path, code: 'PROMPTS_INVALID' }, keys, signal));

describe('readJsonEntries', () => {
  it('gives entries of the top object and list with key, line and value', async () => {
    const object = folder.write('object.json', '{\n "a": {"x": 1},\n "b\\"c": {"y": "}]\\\\"}\n}\n');
    expect(await read(object)).toEqual([
      { key: 'a', line: 2, row: 1, values: { x: 1 } },
      { key: 'b\\"c', line: 3, row: 2, values: { y: '}]\\' } },
    ]);
    const list = folder.write('list.json', '[{"x":[{"z":1}]},\n{}]');
    expect(await read(list)).toEqual([
      { key: '0', line: 1, row: 1, values: { x: [{ z: 1 }] } },
      { key: '1', line: 2, row: 2, values: {} },
    ]);
  });

  it('refuses a file of nothing but brackets before they fill the memory', async () => {
    const path = folder.write('deep.json', `{"other":${'['.repeat(2000)}`);
    await expect(read(path, ['rows'])).rejects.toMatchObject({
      code: 'PROMPTS_INVALID',
      message: expect.stringContaining('more than 1000 lists'),
    });
  });

  it('finds a container by its keys and skips the rest', async () => {
    const path = folder.write(
      'nested.json',
      '{"skip":{"rows":[{"no":1}]},"n":-1.5e3,"t":true,"data":{"other":[1,"[",null],"rows":[{"yes":1}]},"after":[]}',
    );
    expect(await read(path, ['data', 'rows'])).toEqual([{ key: '0', line: 1, row: 1, values: { yes: 1 } }]);
    expect(await read(folder.write('empty.json', '{"rows":[]}'), ['rows'])).toEqual([]);
  });

  it.each([
    ['a cut file', '{"rows":[{"a":1},', 'the end of the file'],
    ['an entry that is text', '{"rows":["a"]}', 'an entry that is not an object'],
    ['an entry that is a list', '{"rows":[[1]]}', 'an entry that is not an object'],
    ['an entry that is a number', '{"rows":[\n7]}', 'at line 2: an entry that is not an object'],
    ['a missing container', '{"other":[]}', 'none under rows'],
    ['a malformed entry', '{"rows":[{"a":}]}', '"{"a":}"'],
    ['brackets that do not match', '{"rows":[{"a":1}}', 'an unexpected }'],
    ['something after the end', '{"rows":[]} x', 'something else'],
    ['a second value', '{"rows":[]}{}', 'something after its end'],
    ['no JSON', 'rows', 'something else'],
    ['an empty file', '', 'the end of the file'],
    ['an entry that is too long', `{"rows":[{"a":"${'x'.repeat(2 ** 20)}"}]}`, 'an entry of more than 1048576 characters'],
  ])('refuses %s', async (name, text, message) => {
    await expect(read(folder.write(`${name}.json`, text), ['rows'])).rejects.toMatchObject({
      code: 'PROMPTS_INVALID',
      message: expect.stringContaining(message),
    });
  });

  it('reads half a million entries across pieces in flat memory', async () => {
    const path = join(folder.path, 'large.json');
    const total = 500_000;
    function* text() {
      yield '{"info":{},"rows":[';
      for (let i = 0; i < total; i++)
        yield `${i === 0 ? '' : ',\n'}{"id":${i},"caption":"a lamp with number ${i}, \\"lit\\""}`;
      yield ']}';
    }
    await pipeline(Readable.from(text()), createWriteStream(path));
    let count = 0;
    const used: number[] = [];
    for await (const entry of readJsonEntries({ path, code: 'PROMPTS_INVALID' }, ['rows'], signal)) {
      if (entry.values.id !== count) throw new Error(`entry ${count} has id ${String(entry.values.id)}`);
      count += 1;
      if (count % 50_000 === 0) used.push(process.memoryUsage().heapUsed);
    }
    expect(count).toBe(total);
    // All entries together take over 100 MB.
    expect(Math.max(...used) - used[0]!).toBeLessThan(60 * 2 ** 20);
  }, 60_000);
});
