import { open, readdir, readFile, realpath, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, it, vi } from 'vitest';
import { parseStudyValue } from '../study/load-study.ts';
import { fakeImage } from '../testing-fakes/fake-image.ts';
import { loadFakeAgain, quick, readRecords, runFakeStudy, temporaryFolder } from '../testing-fakes/fake-study.ts';
import { scoreFiles } from './score-files.ts';
import { resumeRun } from './start-run.ts';
import { studyOfScorers } from './study-of-scorers.ts';

// Descriptors cannot be used up without breaking the test's own process, so reading of images alone fails.
vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof import('node:fs/promises')>();
  return { ...real, open: vi.fn(real.open), readFile: vi.fn(real.readFile), readdir: vi.fn(real.readdir), realpath: vi.fn(real.realpath) }; // biome-ignore format: one module
});
const real = await vi.importActual<typeof import('node:fs/promises')>('node:fs/promises');
const tooMany = Object.assign(new Error('EMFILE: too many open files, open'), { code: 'EMFILE', syscall: 'open' });
const failOnImages = (after: number): void => {
  let read = 0;
  const failing = (path: unknown): boolean => typeof path === 'string' && path.endsWith('.png') && ++read > after;
  vi.mocked(readFile).mockImplementation((async (...given: Parameters<typeof real.readFile>) => {
    if (failing(given[0])) throw tooMany;
    return real.readFile(...given);
  }) as typeof readFile);
  vi.mocked(open).mockImplementation(async (...given) => {
    // Images are written, under names of other endings, with flags in words.
    if (typeof given[1] === 'number' && failing(given[0])) throw tooMany;
    return real.open(...given);
  });
};
const failNoMore = (): void => {
  vi.mocked(readFile).mockImplementation(real.readFile as typeof readFile);
  vi.mocked(open).mockImplementation(real.open);
};
afterEach(failNoMore);

it('says nothing of an image, stops the run, and is done again by a resume', async () => {
  const runFolder = join(await temporaryFolder(), 'run');
  const study = { safetyJudges: ['by-digest'], detectors: ['by-digest'], authenticSets: ['camera'], limits: quick };
  failOnImages(2);
  await expect(runFakeStudy(study, { runFolder })).rejects.toMatchObject({
    code: 'SYSTEM_FAULT',
    message: expect.stringContaining('too many open files'),
  });
  failNoMore();
  expect((await readRecords(runFolder)).filter((record) => 'reason' in record)).toEqual([]);
  await resumeRun({ runFolder, loadAgain: loadFakeAgain });
  const scores = (await readRecords(runFolder)).filter(({ type }) => type === 'verdict' || type === 'detection');
  expect(scores.map((record) => 'status' in record && record.status)).toEqual(Array(8).fill('scored'));
});

it('is told of a single file under its own code', async () => {
  const folder = await temporaryFolder();
  const path = join(folder, 'a.png');
  await writeFile(path, await fakeImage({ seed: 1 }));
  const study = parseStudyValue({ name: 'files', generators: ['fake'] });
  await using loaded = await loadFakeAgain(
    studyOfScorers({ study, detectors: [{ use: 'by-digest', options: {} }] }),
    folder,
  );
  failOnImages(0);
  const { value } = await scoreFiles({ paths: [path], loaded }).next();
  expect(value).toMatchObject({ error: { code: 'SYSTEM_FAULT' }, detections: [] });
});

it('is told of a folder of single files, whose place or list is not known then', async () => {
  const folder = await temporaryFolder();
  await writeFile(join(folder, 'a.png'), await fakeImage({ seed: 1 }));
  const study = parseStudyValue({ name: 'files', generators: ['fake'] });
  await using loaded = await loadFakeAgain(
    studyOfScorers({ study, detectors: [{ use: 'by-digest', options: {} }] }),
    folder,
  );
  const first = () => scoreFiles({ paths: [folder], loaded }).next();
  vi.mocked(readdir).mockRejectedValueOnce(tooMany);
  await expect(first()).rejects.toMatchObject({ code: 'SYSTEM_FAULT' });
  await symlink(join(folder, 'a.png'), join(folder, 'link.png'));
  vi.mocked(realpath)
    .mockResolvedValueOnce(await real.realpath(folder))
    .mockRejectedValueOnce(tooMany);
  await expect(first()).rejects.toMatchObject({ code: 'SYSTEM_FAULT' });
  expect(await first()).toMatchObject({ value: { detections: [{ status: 'scored' }] } });
});
