import { readFile, rm, writeFile } from 'node:fs/promises';
import { relative } from 'node:path';
import { expect, it } from 'vitest';
import { loadFakeAgain, runFakeStudy, samplesOf } from '../testing-fakes/fake-study.ts';
import { checkImages } from './check-images.ts';
import { openRun, type Run } from './open-run.ts';
import { extendRun } from './start-run.ts';

async function finishedRun(): Promise<{ run: Run; paths: string[] }> {
  const { runFolder, records } = await runFakeStudy({
    generators: ['fake'],
    authenticSets: [{ use: 'camera', options: { count: 2 } }],
  });
  const run = await openRun(runFolder);
  const images = records.flatMap((record) => ('image' in record && record.image ? [run.imagePath(record.image)] : []));
  return { run, paths: [...new Set(images)] };
}

/** What a disk or a hand may do: the size stays the same. */
async function changeOneByte(path: string): Promise<void> {
  const bytes = await readFile(path);
  bytes[bytes.length >> 1]! ^= 1;
  await writeFile(path, bytes);
}

it('counts the images of a run that are as they were stored', async () => {
  const { run, paths } = await finishedRun();
  const told: [number, number][] = [];
  expect(await checkImages(run, { onProgress: (done, total) => told.push([done, total]) })).toBe(paths.length);
  expect(told).toEqual(paths.map((_, place) => [place + 1, paths.length]));
});

it('names an image of which one byte was changed, and one that is gone', async () => {
  const { run, paths } = await finishedRun();
  await changeOneByte(paths[0]!);
  await rm(paths.at(-1)!);
  const images = [paths[0]!, paths.at(-1)!].map((path) => relative(run.folder, path)).sort();
  await expect(checkImages(run)).rejects.toMatchObject({
    code: 'IMAGES_CHANGED',
    message: expect.stringContaining(`2 are missing or changed: ${images.join(', ')}.`),
    details: { images },
  });
});

it.each([
  ['judge', { safetyJudges: [{ use: 'by-digest', options: {} }] }],
  ['detector', { detectors: [{ use: 'by-digest', options: {} }] }],
])('keeps a changed image from a %s over the run, and names it', async (_kind, scorers) => {
  const { run, paths } = await finishedRun();
  await changeOneByte(paths[0]!);
  const { changedImages } = await extendRun({ runFolder: run.folder, loadAgain: loadFakeAgain, ...scorers });
  expect(changedImages).toEqual([relative(run.folder, paths[0]!)]);
  const records = await Array.fromAsync(run.records());
  const { index } = samplesOf(records)[0]!;
  const scores = records.filter(({ type }) => type === 'verdict' || type === 'detection');
  expect(scores.find((score) => score.index === index)).toMatchObject({
    status: 'error',
    reason: expect.stringMatching(/^IMAGE_MISSING: .*another digest/),
  });
  expect(scores.filter((score) => 'status' in score && score.status === 'scored').length).toBeGreaterThan(0);
});
