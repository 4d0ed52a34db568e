import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { InfrastructureError } from '@diptych/plugin-kit';
import { collect, describeExistingImages, fakeContext, gradientImage, noiseImage } from '@diptych/plugin-kit/testing';
import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { sharedAsset } from '../testing/shared-asset.ts';
import { temporaryFolder } from '../testing/temporary-folder.ts';
import folder from './folder.ts';

const place = temporaryFolder();
const png = gradientImage({ width: 8, height: 8 }).bytes;
for (const name of ['plain/b.png', 'plain/sd/Z.PNG', 'plain/sd/a.png', 'plain/notes.txt']) place.write(name, png);
place.write('plain/c.png', noiseImage(1, { width: 8, height: 8 }).bytes);
const rows = [
  {
    file: 'b.png',
    prompt: 'a boat',
    model: 'm1',
    family: 'mllm',
    decoder: 'vq',
    hazards: ['hate'],
    intent: 'unsafe',
    level: 1,
    promptId: 'p1',
    pairId: 'pair-1',
    groupId: 'caption-1',
  },
  { file: null, prompt: 'a knife', model: 'm1', family: 'mllm', outcome: 'refused', reason: 'I cannot draw that' },
  { file: null, prompt: 'a coin', model: 'm1', outcome: 'blocked', stage: 'input' },
  { file: null, prompt: 'a cup', model: 'm1', outcome: 'empty' },
  { file: null, prompt: 'a hat', model: 'm1', outcome: 'timeout' },
  { file: 'sd/a.png', prompt: 'a\0car', family: null },
];
place.write('table.jsonl', rows.map((row) => `${JSON.stringify(row)}\n`).join(''));

const signal = new AbortController().signal;
const open = async (options: z.input<typeof folder.options>) =>
  folder.create(folder.options.parse(options), fakeContext({ baseFolder: place.path }));
const keysOf = async (options: z.input<typeof folder.options>) =>
  (await collect((await open(options)).samples(signal))).map((sample) => sample.key);
const tableOf = (name: string, text: string) => {
  place.write(name, text);
  return { folder: 'plain', table: name };
};

describeExistingImages(folder, { options: { folder: 'plain' }, context: () => fakeContext({ baseFolder: place.path }) });

describe('generator/folder without table', () => {
  it('lists image files below the folder in sorted order and names models by folder', async () => {
    const samples = await collect((await open({ folder: 'plain', family: 'diffusion', decoder: 'vae' })).samples(signal));
    expect(samples.map(({ key, model }) => [key, model])).toEqual([
      ['b.png', 'plain'],
      ['c.png', 'plain'],
      ['sd/Z.PNG', 'sd'],
      ['sd/a.png', 'sd'],
    ]);
    expect(samples[0]).toMatchObject({ family: 'diffusion', decoder: 'vae' });
    expect(
      (await collect((await open({ folder: 'plain', model: 'mine' })).samples(signal))).every(
        (sample) => sample.model === 'mine',
      ),
    ).toBe(true);
  });

  it('loads the bytes as they are', async () => {
    const source = await open({ folder: 'plain' });
    expect(await source.load({ key: 'sd/a.png', model: 'sd' }, signal)).toEqual({ outcome: 'image', bytes: png });
  });

  it('changes its digest when a file changes size', async () => {
    place.write('changing/a.png', png);
    const before = await (await open({ folder: 'changing' })).digest(signal);
    place.write('changing/a.png', Buffer.concat([png, Buffer.of(0)]));
    expect(await (await open({ folder: 'changing' })).digest(signal)).not.toBe(before);
  });

  it('refuses a folder that is missing or has no images', async () => {
    mkdirSync(join(place.path, 'nothing'));
    await expect(open({ folder: 'no-such' })).rejects.toMatchObject({ code: 'IMAGES_FOLDER_INVALID' });
    await expect(keysOf({ folder: 'nothing' })).rejects.toMatchObject({ code: 'IMAGES_FOLDER_INVALID' });
  });

  it('follows links within the folder and refuses those that leave it', async () => {
    place.write('secret.png', png);
    place.write('linked/real.png', png);
    symlinkSync('real.png', join(place.path, 'linked/alias.png'));
    symlinkSync('.', join(place.path, 'linked/self'));
    expect(await keysOf({ folder: 'linked' })).toEqual(['alias.png', 'real.png']);
    symlinkSync('../secret.png', join(place.path, 'linked/out.png'));
    await expect(keysOf({ folder: 'linked' })).rejects.toMatchObject({ code: 'PATH_OUTSIDE_ROOT' });
    place.write('linked-folder/real.png', png);
    symlinkSync('..', join(place.path, 'linked-folder/up'));
    await expect(keysOf({ folder: 'linked-folder' })).rejects.toMatchObject({ code: 'PATH_OUTSIDE_ROOT' });
  });
});

describe('generator/folder with a table', () => {
  it('reads samples, and bounds what a prompt may hold', async () => {
    const samples = await collect(
      (await open({ folder: 'plain', table: 'table.jsonl', family: 'diffusion', model: 'other' })).samples(signal),
    );
    expect(samples[0]).toEqual({
      key: 'b.png',
      prompt: 'a boat',
      promptId: 'p1',
      pairId: 'pair-1',
      groupId: 'caption-1',
      model: 'm1',
      family: 'mllm',
      decoder: 'vq',
      hazards: ['hate'],
      intent: 'unsafe',
      level: 1,
    });
    expect(samples.map((sample) => sample.key)).toEqual(['b.png', '#row 2', '#row 3', '#row 4', '#row 5', 'sd/a.png']);
    expect(samples[5]).toMatchObject({ prompt: 'a\ufffdcar', model: 'other', family: 'diffusion' });
  });

  it('gives outcomes without a file as generations, and faults as errors that are not retried', async () => {
    const source = await open({ folder: 'plain', table: 'table.jsonl' });
    const load = (key: string) => source.load({ key, model: 'm1' }, signal);
    expect(await load('#row 2')).toEqual({ outcome: 'refused', reason: 'I cannot draw that' });
    expect(await load('#row 3')).toEqual({ outcome: 'blocked', stage: 'input', reason: 'the table says blocked' });
    expect(await load('#row 4')).toEqual({ outcome: 'empty', reason: 'the table says empty' });
    const fault = await load('#row 5').catch((error: unknown) => error);
    expect(fault).toBeInstanceOf(InfrastructureError);
    expect(fault).toMatchObject({ retryable: false });
  });

  it('reads CSV with mapped columns, a byte order mark and a filter', async () => {
    const options = tableOf('mapped.csv', '\ufeffpath,caption,by,kind\nb.png,"a, b",m2,synthetic\nc.png,x,m3,authentic\n');
    const samples = await collect(
      (
        await open({ ...options, columns: { file: 'path', prompt: 'caption', model: 'by' }, filter: { kind: 'synthetic' } })
      ).samples(signal),
    );
    expect(samples).toEqual([{ key: 'b.png', prompt: 'a, b', model: 'm2' }]);
    expect(await keysOf({ ...options, columns: { file: 'path' }, filter: { kind: ['synthetic', 'authentic'] } })).toEqual([
      'b.png',
      'c.png',
    ]);
  });

  it.each([
    ['a missing column', 'name\nb.png\n', 'Expected a header with file'],
    ['an unknown family', 'file,family\nb.png,MLLM\n', '"diffusion"|"mllm"), received "MLLM", in line 2'],
    ['an unknown outcome', 'file,outcome\nb.png,vanished\n', 'received "vanished"'],
    ['an unknown hazard', 'file,hazards\nb.png,gore\n', 'received "gore"'],
    ['an image without file', 'file,prompt\n,x\n', 'a file name in column file'],
    ['a level that is no number', 'file,level\nb.png,high\n', 'a valid level'],
  ])('refuses %s', async (name, text, message) => {
    await expect(keysOf(tableOf(`${name}.csv`, text))).rejects.toMatchObject({
      code: 'IMAGES_FOLDER_INVALID',
      message: expect.stringContaining(message),
    });
  });

  it('keeps a file that is listed under two prompts as two samples', async () => {
    const warnings: string[] = [];
    const context = fakeContext({ baseFolder: place.path, warn: (message) => warnings.push(message) });
    const source = await folder.create(
      folder.options.parse(tableOf('twice.csv', 'file,prompt\nb.png,x\nc.png,y\nb.png,z\n')),
      context,
    );
    const samples = await collect(source.samples(signal));
    expect(samples.map(({ key, prompt }) => [key, prompt])).toEqual([
      ['b.png', 'x'],
      ['c.png', 'y'],
      ['b.png#row 3', 'z'],
    ]);
    expect(await source.load(samples[2]!, signal)).toEqual({ outcome: 'image', bytes: png });
    expect(warnings).toEqual([expect.stringMatching(/^1 rows of twice.csv list a file/)]);
  });

  it('tells all missing files together, the first 20 by name', async () => {
    const names = Array.from({ length: 25 }, (_, i) => `gone-${i}.png`);
    const listing = keysOf(tableOf('missing.csv', `file\nb.png\n${names.join('\n')}\n`));
    await expect(listing).rejects.toMatchObject({
      code: 'IMAGES_FOLDER_INVALID',
      details: { count: 25, missing: names.slice(0, 20) },
    });
  });

  it.each(['../secret.png', '/etc/hostname', 'sd/../../secret.png'])('refuses the name %s', async (name) => {
    await expect(keysOf(tableOf('outside.csv', `file\n${name}\n`))).rejects.toMatchObject({ code: 'PATH_OUTSIDE_ROOT' });
  });

  it('reads the corpus: 562 synthetic images of both families', async ({ skip }) => {
    const manifest = sharedAsset('corpus/manifest.jsonl');
    skip(manifest.absent, manifest.reason);
    const source = await open({ folder: join(manifest.path, '..'), table: manifest.path, filter: { kind: 'synthetic' } });
    const samples = await collect(source.samples(signal));
    const count = (family: string) => samples.filter((sample) => sample.family === family).length;
    expect([samples.length, count('diffusion'), count('mllm')]).toEqual([562, 282, 280]);
    expect(Math.max(...samples.map((sample) => sample.prompt?.length ?? 0))).toBe(5589);
    const loaded = await source.load(samples[0]!, signal);
    expect(loaded.outcome).toBe('image');
  });
});

it('leaves out what is hidden, such as the files that macOS writes beside pictures, and says so', async () => {
  const hidden = ['._a.png', '.ipynb_checkpoints/a-checkpoint.png', '.ipynb_checkpoints/sub/b.png', '__MACOSX/._a.png'];
  for (const name of ['a.png', '.DS_Store', ...hidden]) place.write(`mac/.photos/${name}`, png);
  const said: string[] = [];
  const log = { debug: () => undefined, warn: (message: string) => void said.push(message) };
  const context = { ...fakeContext({ baseFolder: place.path }), log };
  // A hidden folder that is named is meant.
  const source = await folder.create(folder.options.parse({ folder: 'mac/.photos' }), context);
  expect((await collect(source.samples(signal))).map(({ key }) => key)).toEqual(['a.png']);
  expect(said).toEqual([
    expect.stringMatching(/^4 pictures are left out of .*, hidden by .*: \._a\.png, .* and 1 more\. Rename/),
  ]);
});

it('says of a whole path, which another machine has not, how to write it', async () => {
  const options = tableOf('whole.csv', `file\n${join(place.path, 'plain/b.png')}\n`);
  await expect((await open(options)).digest(signal)).rejects.toMatchObject({
    code: 'PATH_OUTSIDE_ROOT',
    message: expect.stringContaining('Write it as it is seen from the folder'),
  });
});

it.each([
  ['caf\u00e9.png', 'cafe\u0301.png', /One that looks the same is there/],
  ['sub\\a.png', 'sub/a.png', /Write \/ between/],
  ['gone.png', 'cafe\u0301.png', /remove their rows\.$/],
])('says what a name of a missing file may mean (%s)', async (listed, there, said) => {
  place.write(`names/${there}`, png);
  place.write('names.csv', `file\n${listed}\n`);
  await expect((await open({ folder: 'names', table: 'names.csv' })).digest(signal)).rejects.toMatchObject({
    code: 'IMAGES_FOLDER_INVALID',
    message: expect.stringMatching(said),
  });
});

it('says which pictures of a folder are in a format that is not read', async () => {
  for (const name of ['formats/a.png', 'formats/b.bmp', 'formats/sub/c.HEIC', 'formats/notes.txt']) place.write(name, png);
  const said: string[] = [];
  const log = { debug: () => undefined, warn: (message: string) => void said.push(message) };
  const context = { ...fakeContext({ baseFolder: place.path }), log };
  const source = await folder.create(folder.options.parse({ folder: 'formats' }), context);
  // The folder is walked for its images, not once more before.
  expect(said).toEqual([]);
  await source.digest(signal);
  await collect(source.samples(signal));
  expect(said).toEqual([expect.stringMatching(/^2 pictures are left out of .*: b\.bmp, sub\/c\.HEIC\./)]);
  await (await folder.create(folder.options.parse({ folder: 'plain' }), context)).digest(signal);
  expect(said).toHaveLength(1);
  const alone = await folder.create(folder.options.parse({ folder: 'formats/sub' }), context);
  await expect(alone.digest(signal)).rejects.toMatchObject({ code: 'IMAGES_FOLDER_INVALID' });
  expect(said[1]).toMatch(/^1 picture is left out of .*: c\.HEIC\./);
});

it('says which names of pictures lead to no file', async () => {
  for (const name of ['nowhere/a.png', 'nowhere/d.png/b.png']) place.write(name, png);
  symlinkSync('gone.png', join(place.path, 'nowhere/c.png'));
  symlinkSync('loop.png', join(place.path, 'nowhere/loop.png'));
  execFileSync('mkfifo', [join(place.path, 'nowhere/pipe.png')]);
  const said: string[] = [];
  const log = { debug: () => undefined, warn: (message: string) => void said.push(message) };
  const source = await folder.create(folder.options.parse({ folder: 'nowhere' }), {
    ...fakeContext({ baseFolder: place.path }),
    log,
  });
  const samples = await collect(source.samples(signal));
  expect(samples.map(({ key }) => key)).toEqual(['a.png', 'd.png/b.png']);
  expect(said).toEqual([expect.stringMatching(/^3 pictures are left out of .*: c\.png, loop\.png, pipe\.png\./)]);
});
