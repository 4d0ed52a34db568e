import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Study } from '@diptych/plugin-kit';
import { expect, it } from 'vitest';
import { parseStudyValue } from '../study/load-study.ts';
import { fakeImage } from '../testing-fakes/fake-image.ts';
import { loadFakeAgain, temporaryFolder } from '../testing-fakes/fake-study.ts';
import { scoreFiles } from './score-files.ts';
import { studyOfScorers } from './study-of-scorers.ts';

const study: Study = parseStudyValue({ name: 'files', generators: ['fake'] });
const use = [{ use: 'by-digest', options: {} }];

it('scores files and folders, and reports each file that cannot be read', async () => {
  const folder = await temporaryFolder();
  await mkdir(join(folder, 'in'));
  await writeFile(join(folder, 'outside.png'), await fakeImage({ seed: 9 }));
  await writeFile(join(folder, 'in', 'a.png'), await fakeImage({ seed: 1 }));
  await writeFile(join(folder, 'in', 'b-is-a-png.jpg'), await fakeImage({ seed: 2 }));
  await writeFile(join(folder, 'in', 'c-truncated.png'), (await fakeImage({ seed: 3 })).subarray(0, 120));
  await writeFile(join(folder, 'in', 'e.bmp'), Buffer.concat([Buffer.from('BM'), Buffer.alloc(60)]));
  await writeFile(join(folder, 'in', 'notes.txt'), 'not looked at');
  await symlink(join(folder, 'outside.png'), join(folder, 'in', 'd-link.png'));
  await using loaded = await loadFakeAgain(studyOfScorers({ study, safetyJudges: use, detectors: use }), folder);
  const results = [];
  for await (const result of scoreFiles({ paths: [join(folder, 'in'), join(folder, 'outside.png')], loaded }))
    results.push(result);
  expect(results.map(({ path, error }) => [path.slice(folder.length + 1), error?.code])).toEqual([
    ['in/a.png', undefined],
    ['in/b-is-a-png.jpg', undefined],
    ['in/c-truncated.png', 'IMAGE_UNREADABLE'],
    ['in/d-link.png', 'PATH_OUTSIDE_ROOT'],
    ['in/e.bmp', 'IMAGE_UNSUPPORTED'],
    ['outside.png', undefined],
  ]);
  expect(results[1]?.image?.info.container).toBe('png');
  expect(results[0]).toMatchObject({
    verdicts: [{ status: 'scored' }],
    detections: [{ status: 'scored', protocol: 'as-received' }],
  });
  expect(results[2]).toMatchObject({ verdicts: [], detections: [] });
});

it('says of an image neither a sample nor whether it is synthetic, which nobody told', async () => {
  const folder = await temporaryFolder();
  await writeFile(join(folder, 'a.png'), await fakeImage({ seed: 1 }));
  await using loaded = await loadFakeAgain(studyOfScorers({ study, safetyJudges: use, detectors: use }), folder);
  const { value } = await scoreFiles({ paths: [join(folder, 'a.png')], loaded }).next();
  expect(Object.keys(value.verdicts[0])).not.toContain('index');
  expect(Object.keys(value.detections[0])).toEqual(['type', 'detector', 'protocol', 'status', 'syntheticScore']);
});

it('follows a link to a folder that the user names', async () => {
  const folder = await temporaryFolder();
  await mkdir(join(folder, 'in'));
  await writeFile(join(folder, 'in', 'a.png'), await fakeImage({ seed: 1 }));
  await symlink(join(folder, 'in'), join(folder, 'pictures'));
  await using loaded = await loadFakeAgain(studyOfScorers({ study, detectors: use }), folder);
  const { value } = await scoreFiles({ paths: [join(folder, 'pictures')], loaded }).next();
  expect(value).toMatchObject({ path: join(folder, 'pictures', 'a.png'), detections: [{ status: 'scored' }] });
});

it('rejects a path that does not exist', async () => {
  await using loaded = await loadFakeAgain(studyOfScorers({ study, detectors: use }), '/');
  await expect(scoreFiles({ paths: ['/nowhere/x.png'], loaded }).next()).rejects.toMatchObject({ code: 'IMAGE_UNREADABLE' });
});
