import { createWriteStream, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { collect } from '@diptych/plugin-kit/testing';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../testing/temporary-folder.ts';
import { publishedTable, type TableFacts } from './published-set.ts';

const folder = temporaryFolder();
const signal = new AbortController().signal;
const facts: TableFacts = {
  licence: { id: 'MIT' },
  columns: { text: 'prompt', hazards: 'label' },
  labels: { Angry: ['violence', 'hate'], Paper: [] },
  separator: ';',
  intent: 'unsafe',
  language: 'en',
};
const open = (path: string, options: object = {}) =>
  publishedTable({ path, ...options }, { baseFolder: folder.path }, facts);

describe('publishedTable', () => {
  it.each([
    ['a.csv', 'prompt,label\n"a lamp, lit",angry; paper\n'],
    ['a.TSV', 'prompt\tlabel\na lamp, lit\tangry; paper\n'],
    ['a.jsonl', '{"prompt":"a lamp, lit","label":["ANGRY","Paper"]}\n'],
  ])('reads %s alike, maps labels and reports those without a hazard', async (name, text) => {
    folder.write(name, text);
    const set = open(name);
    expect(await collect(set.prompts(signal))).toEqual([
      { id: '1', text: 'a lamp, lit', hazards: ['violence', 'hate'], intent: 'unsafe', language: 'en' },
    ]);
    const { unmappedLabels } = await set.info(signal);
    expect(Object.entries(unmappedLabels ?? {})).toEqual([[expect.stringMatching(/^paper$/i), 1]]);
  });

  it('reads Parquet with the columns it needs', async () => {
    const columnData = [
      { name: 'prompt', data: ['a lamp', 'a chair', 'a bed'], type: 'STRING' as const },
      { name: 'image', data: ['x', 'y', 'z'], type: 'STRING' as const },
      { name: 'label', data: ['Angry', null, 'Paper'], type: 'STRING' as const },
    ];
    writeFileSync(join(folder.path, 'a.parquet'), new Uint8Array(parquetWriteBuffer({ columnData, rowGroupSize: 2 })));
    const prompts = await collect(open('a.parquet').prompts(signal));
    expect(prompts.map(({ id, text, hazards }) => [id, text, hazards])).toEqual([
      ['1', 'a lamp', ['violence', 'hate']],
      ['2', 'a chair', []],
      ['3', 'a bed', []],
    ]);
  });

  it('refuses another ending, and bytes that are not pinned', async () => {
    folder.write('a.xlsx', 'x');
    await expect(collect(open('a.xlsx').prompts(signal))).rejects.toMatchObject({ code: 'PROMPTS_INVALID' });
    folder.write('b.csv', 'prompt,label\na lamp,angry\n');
    const { digest } = await open('b.csv').info(signal);
    expect((await open('b.csv', { sha256: digest }).info(signal)).digest).toBe(digest);
    await expect(open('b.csv', { sha256: 'a'.repeat(64) }).info(signal)).rejects.toMatchObject({
      code: 'PROMPTS_DIGEST_MISMATCH',
    });
  });

  it('lists and counts a million rows without keeping them', async () => {
    const path = join(folder.path, 'large.csv');
    const total = 1_000_000;
    function* text() {
      yield 'prompt,label\n';
      for (let i = 0; i < total; i += 1000)
        yield Array.from({ length: 1000 }, (_, k) => `a lamp with number ${(i + k) % 900_000} on its foot,angry\n`).join('');
    }
    await pipeline(Readable.from(text()), createWriteStream(path));
    const memory = () => {
      const { heapUsed, arrayBuffers } = process.memoryUsage();
      return heapUsed + arrayBuffers;
    };
    const before = memory();
    const info = await open('large.csv').info(signal);
    expect(info).toMatchObject({ count: total, duplicates: 100_000 });
    // Ids and texts by digest: 64 MB at this count; what is not collected yet comes on top. The rows take over 300 MB.
    expect(memory() - before).toBeLessThan(200 * 2 ** 20);
  }, 240_000); // Ten seconds alone; a guard against hanging, also beside other work.
});
