import type { Dirent } from 'node:fs';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { parseStudyValue } from '../study/load-study.ts';
import { loadFakeAgain, temporaryFolder } from '../testing-fakes/fake-study.ts';
import { scoreFiles } from './score-files.ts';
import { studyOfScorers } from './study-of-scorers.ts';

/** A folder listed as one of many files, which would take a disk long to make. */
vi.mock('node:fs/promises', async (load) => {
  const real = await load<typeof import('node:fs/promises')>();
  const listed = (parentPath: string): Partial<Dirent>[] =>
    Array.from({ length: 200_000 }, (_, at) => ({
      name: `${at}.png`,
      parentPath,
      isDirectory: () => false,
      isSymbolicLink: () => false,
    }));
  return { ...real, readdir: async (path: string) => listed(path) };
});

it('takes a folder of more files than a call takes arguments', async () => {
  const folder = await temporaryFolder();
  const study = parseStudyValue({ name: 'files', generators: ['fake'] });
  const detectors = [{ use: 'by-digest', options: {} }];
  await using loaded = await loadFakeAgain(studyOfScorers({ study, detectors }), folder);
  const { value } = await scoreFiles({ paths: [folder], loaded }).next();
  expect(value).toMatchObject({ path: join(folder, '0.png'), error: { code: 'IMAGE_UNREADABLE' } });
});
