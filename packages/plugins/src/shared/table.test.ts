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
