import { mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { temporaryFolder } from '../testing-fakes/fake-study.ts';
import { removeLeftovers } from './remove-leftovers.ts';

const image = `${'ab'.repeat(32)}.png`;

it('deletes what a killed process left half written, and nothing else', async () => {
  const run = await temporaryFolder();
  const elsewhere = await temporaryFolder();
  const shard = join(run, 'images', 'ab');
  await mkdir(shard, { recursive: true });
  const kept = [
    `${run}/manifest.json`,
    `${run}/notes.12-0.tmp`,
    `${run}/run.lock.12-0`,
    `${shard}/${image}`,
    `${shard}/mine.tmp`,
  ];
  const left = [`${run}/manifest.json.12-0.tmp`, `${run}/journal.jsonl.12.tmp`, `${shard}/${image}.12-34.tmp`];
  for (const path of [...kept, ...left, join(elsewhere, `${image}.12-0.tmp`)]) await writeFile(path, '');
  await symlink(elsewhere, join(run, 'images', 'cd'));

  expect(await removeLeftovers(run)).toBe(left.length);
  const files = (await readdir(run, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
  expect(files.map(({ parentPath, name }) => join(parentPath, name)).sort()).toEqual(kept.sort());
  expect(await readdir(elsewhere)).toEqual([`${image}.12-0.tmp`]);
});

it('finds none in a run that has stored no image', async () => {
  expect(await removeLeftovers(await temporaryFolder())).toBe(0);
});
