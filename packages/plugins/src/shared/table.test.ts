import { truncateSync } from 'node:fs';
import { expect, it } from 'vitest';
import { temporaryFolder } from '../testing/temporary-folder.ts';
import { readTable } from './table.ts';

const folder = temporaryFolder();

it.each([
  ['csv', 'prompt\n"', 'a row of more than 1048576 characters'],
  ['jsonl', '{"prompt":"', 'lines of at most 1048576 characters'],
] as const)('stops within a %s row of a terabyte', async (format, start, message) => {
  const path = folder.write(`huge.${format}`, start);
  // A hole of NULs takes no room on the disk, and to read it all would take hours.
  truncateSync(path, 2 ** 40);
  const rows = readTable({ path, code: 'PROMPTS_INVALID', format, required: ['prompt'] }, new AbortController().signal);
  await expect(rows.next()).rejects.toMatchObject({ code: 'PROMPTS_INVALID', message: expect.stringContaining(message) });
});

it.each([
  ['commas', 'file,prompt\na.png,"one; two"\n', 'one; two'],
  ['semicolons, as spreadsheets of many languages write them', '\ufefffile;prompt\r\na.png;"1,5; two"\r\n;\r\n', '1,5; two'],
  ['tabs', 'file\tprompt\na.png\tone, two\n', 'one, two'],
])('separates columns by %s, as the header does', async (name, text, prompt) => {
  const path = folder.write(`${name}.csv`, text);
  const source = { path, code: 'PROMPTS_INVALID', format: 'csv', required: ['file', 'prompt'] } as const;
  const rows = await Array.fromAsync(readTable(source, new AbortController().signal));
  expect(rows.map(({ values }) => values)).toEqual([{ file: 'a.png', prompt }]);
});
