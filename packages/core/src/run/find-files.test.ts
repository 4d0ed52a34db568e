import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { temporaryFolder } from '../testing-fakes/fake-study.ts';
import { findFiles } from './find-files.ts';

async function folderOf(...names: readonly string[]): Promise<string> {
  const folder = await temporaryFolder();
  for (const name of names) {
    await mkdir(join(folder, name, '..'), { recursive: true });
    await writeFile(join(folder, name), 'found by its name');
  }
  return folder;
}

it('finds the pictures of a folder and of those in it, in the order of their paths, without what is hidden', async () => {
  const folder = await folderOf(
    'in/b.png',
    'in/a/c.JPG',
    'in/notes.txt',
    'in/._b.png',
    'in/a/.thumbnails/c.png',
    'in/.ipynb_checkpoints/b-checkpoint.png',
    'in/..d.png',
    'in/e..png',
  );
  expect(await findFiles(join(folder, 'in'))).toEqual(
    ['a/c.JPG', 'b.png', 'e..png'].map((name) => ({ path: join(folder, 'in', name) })),
  );
});

it('takes a hidden file, and a folder that lies in a hidden one, where the user names it', async () => {
  const folder = await folderOf('.cache/images/a.png', '.cache/.b.png');
  expect(await findFiles(join(folder, '.cache', '.b.png'))).toEqual([{ path: join(folder, '.cache', '.b.png') }]);
  const found = [{ path: join(folder, '.cache', 'images', 'a.png') }];
  expect(await findFiles(join(folder, '.cache'))).toEqual(found);
  expect(await findFiles(`${join(folder, '.cache', 'images')}/`)).toEqual(found);
});

it('refuses a folder whose pictures are all hidden', async () => {
  const folder = await folderOf('._a.png', '.hidden/b.png');
  await expect(findFiles(folder)).rejects.toMatchObject({
    code: 'IMAGES_FOLDER_INVALID',
    message: expect.stringContaining('not hidden'),
  });
});

it('tells what is left out of a folder, the first by name', async () => {
  const folder = await folderOf('a.png', '._a.png', '.t/b.png', '.t/c.png', '.t/d.txt', '.t/e.png');
  const told: string[] = [];
  const onLeftOut = (of: string, message: string): void => void told.push(`${of}: ${message}`);
  await findFiles(join(folder, 'a.png'), onLeftOut);
  expect(told).toEqual([]);
  await findFiles(folder, onLeftOut);
  const count = '4 pictures are left out, hidden by a name that begins with a dot';
  expect(told).toEqual([`${folder}: ${count}: ._a.png, .t/b.png, .t/c.png and 1 more. Name a file itself to have it read.`]);
});
