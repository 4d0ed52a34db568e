import { truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { temporaryFolder } from '../testing/temporary-folder.ts';
import { readSmallFile } from './read-small-file.ts';

const place = temporaryFolder();
const read = (name: string) => readSmallFile(join(place.path, name), 'a text file', name, 1000);

it('gives the bytes of a file within the limit', async () => {
  await writeFile(join(place.path, 'policy.txt'), 'Should not:');
  expect((await read('policy.txt')).toString()).toBe('Should not:');
});

it('refuses what is too large unread, no file, or not there', async () => {
  await writeFile(join(place.path, 'huge.txt'), '');
  await truncate(join(place.path, 'huge.txt'), 2 ** 40);
  const invalid = (message: RegExp) => ({ code: 'PLUGIN_OPTIONS_INVALID', message: expect.stringMatching(message) });
  await expect(read('huge.txt')).rejects.toMatchObject(invalid(/at most 1000 bytes at huge\.txt/));
  await expect(read('.')).rejects.toMatchObject(invalid(/no regular file/));
  await expect(read('none.txt')).rejects.toMatchObject(invalid(/cannot be read/));
});
