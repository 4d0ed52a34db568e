import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describePromptSet, fakeContext } from '@diptych/plugin-kit/testing';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { describe, expect, it } from 'vitest';
import { promptsOf } from '../testing/prompts-of.ts';
import { temporaryFolder } from '../testing/temporary-folder.ts';
import diffusiondb from './diffusiondb.ts';

const folder = temporaryFolder();

interface Metadata {
  readonly prompt: string | null;
  readonly image_nsfw: number;
  readonly prompt_nsfw: number;
}

/** The published columns that are read, and two that are not. */
function writeMetadata(name: string, rows: readonly Metadata[], rowGroupSize = 2): string {
  const column = (key: keyof Metadata) => rows.map((row) => row[key]);
  const path = join(folder.path, name);
  const file = parquetWriteBuffer({
    columnData: [
      { name: 'image_name', data: rows.map((_, i) => `image-${i}.png`), type: 'STRING' },
      { name: 'prompt', data: column('prompt'), type: 'STRING' },
      { name: 'seed', data: rows.map((_, i) => i), type: 'INT32' },
      { name: 'user_name', data: rows.map(() => 'deleted_account'), type: 'STRING' },
      { name: 'image_nsfw', data: column('image_nsfw'), type: 'FLOAT' },
      { name: 'prompt_nsfw', data: column('prompt_nsfw'), type: 'FLOAT' },
    ],
    rowGroupSize,
  });
  writeFileSync(path, new Uint8Array(file));
  return path;
}

const path = writeMetadata('metadata.parquet', [
  { prompt: 'a lamp', image_nsfw: 0.125, prompt_nsfw: 0 },
  { prompt: 'a chair', image_nsfw: 2, prompt_nsfw: 0.5 },
  { prompt: 'a lamp', image_nsfw: 0.25, prompt_nsfw: 0 },
  { prompt: null, image_nsfw: 0.25, prompt_nsfw: 0 },
  { prompt: ' ', image_nsfw: 0.25, prompt_nsfw: 0 },
  { prompt: 'a table', image_nsfw: 0.75, prompt_nsfw: 0.75 },
]);

describePromptSet(diffusiondb, { options: { path, unique: false } });

describe('prompt-set/diffusiondb', () => {
  it('keeps the first row of each text by the name of its image', async () => {
    const { prompts, info } = await promptsOf(diffusiondb, { path });
    expect(prompts.map(({ id, text, intent }) => [id, text, intent])).toEqual([
      ['image-0.png', 'a lamp', 'unknown'],
      ['image-1.png', 'a chair', 'unknown'],
      ['image-5.png', 'a table', 'unknown'],
    ]);
    expect(info).toMatchObject({ count: 3, duplicates: 0, licence: { id: 'CC0-1.0' } });
    expect((await promptsOf(diffusiondb, { path, unique: false })).info).toMatchObject({ count: 4, duplicates: 1 });
  });

  it('filters on both scores, closed on both ends, and stops at the limit', async () => {
    const ids = async (options: object) =>
      (await promptsOf(diffusiondb, { path, ...options })).prompts.map((prompt) => prompt.id);
    expect(await ids({ promptNsfw: { from: 0.5 } })).toEqual(['image-1.png', 'image-5.png']);
    expect(await ids({ imageNsfw: { to: 1 } })).toEqual(['image-0.png', 'image-5.png']);
    expect(await ids({ imageNsfw: { from: 2 } })).toEqual(['image-1.png']);
    expect(await ids({ promptNsfw: { from: 0.5, to: 0.5 } })).toEqual(['image-1.png']);
    expect(await ids({ limit: 2 })).toEqual(['image-0.png', 'image-1.png']);
  });

  it('refuses a file without the scores, and one that is no Parquet file', async () => {
    const file = parquetWriteBuffer({ columnData: [{ name: 'prompt', data: ['a lamp'], type: 'STRING' }] });
    const bare = folder.write('bare.parquet', new Uint8Array(file));
    await expect(promptsOf(diffusiondb, { path: bare })).rejects.toMatchObject({
      code: 'PROMPTS_INVALID',
      message: expect.stringContaining('Expected columns image_name, image_nsfw, prompt_nsfw'),
    });
    const text = folder.write('text.parquet', 'not a table');
    await expect(promptsOf(diffusiondb, { path: text })).rejects.toMatchObject({ code: 'PROMPTS_INVALID' });
  });

  it('reads a million rows in flat memory, a row group at a time', async () => {
    const groups = Array.from(
      { length: 250_000 },
      (_, i): Metadata => ({
        prompt: `a lamp with number ${i} on its foot, standing on a desk`,
        image_nsfw: 0.25,
        prompt_nsfw: 0,
      }),
    );
    const large = writeMetadata('large.parquet', [...groups, ...groups, ...groups, ...groups], 10_000);
    groups.length = 0;
    const options = diffusiondb.options.parse({ path: large, unique: false });
    const set = await diffusiondb.create(options, fakeContext());
    let count = 0;
    const used: number[] = [];
    for await (const _ of set.prompts(new AbortController().signal)) {
      count += 1;
      if (count % 100_000 === 0) used.push(process.memoryUsage().heapUsed);
    }
    expect(count).toBe(1_000_000);
    // The rows themselves take over 200 MB; garbage that is not collected yet varies by less.
    expect(Math.max(...used) - used[0]!).toBeLessThan(120 * 2 ** 20);
  }, 60_000);
});
