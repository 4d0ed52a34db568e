import { appendFile, readFile, stat, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { LabelRecord } from '@diptych/plugin-kit';
import { describe, expect, it } from 'vitest';
import { readImageInfo } from '../images/read-image-info.ts';
import { currentLabels } from '../records/current-labels.ts';
import { openRun, type Run } from '../run/open-run.ts';
import { runFakeStudy, temporaryFolder } from '../testing-fakes/fake-study.ts';
import { assignItems, drawItems, orderFor } from './draw-labels.ts';
import { importLabels } from './import-labels.ts';
import { type LabelItem, labelItems } from './label-items.ts';
import { labelsCsv, writeLabelSheet } from './label-sheet.ts';
import { readLabels } from './label-store.ts';

async function fakeRun(): Promise<{ run: Run; items: LabelItem[]; folder: string }> {
  const { runFolder } = await runFakeStudy({ samplesPerPrompt: 4, generators: ['fake', { use: 'fake', as: 'other' }] });
  const run = await openRun(runFolder);
  return { run, items: await labelItems(run), folder: await temporaryFolder() };
}
const lines = (text: string): string[] => text.trim().split('\r\n');
const codeOf = (code: string) => expect.objectContaining({ code });

describe('a labelling sheet', () => {
  it('names neither model nor prompt, and is shuffled for each rater', async () => {
    const { run, items, folder } = await fakeRun();
    const sheet = async (rater: string) => {
      const file = join(folder, `${rater}.csv`);
      await writeLabelSheet(run, orderFor(items, rater, 1), { rater, file });
      return await readFile(file, 'utf8');
    };
    const [first, second] = [await sheet('ann'), await sheet('bea')];
    expect(lines(first)).toHaveLength(25);
    expect(first).not.toMatch(/fake|other|diffusion|picture of/);
    const order = (text: string) => lines(text).map((line) => line.split(',')[0]);
    expect(order(first)).not.toEqual(order(second));
    expect(new Set(order(first))).toEqual(new Set(order(second)));
    expect(await sheet('ann')).toBe(first);
    const image = lines(first)[1]!.split(',')[1]!;
    expect((await stat(resolve(folder, image))).isFile()).toBe(true);
  });

  it('shows the prompt only when asked, and copies images without their format and metadata', async () => {
    const { run, items, folder } = await fakeRun();
    const file = join(folder, 'sheets', 'ann.csv');
    await writeLabelSheet(run, items, { rater: 'ann', file, withPrompt: true, imageFolder: join(folder, 'pictures') });
    const text = await readFile(file, 'utf8');
    expect(text).toContain('a picture of 0');
    const image = lines(text)[1]!.split(',')[1]!;
    expect(image).toBe(`../pictures/${items[0]!.item}.png`);
    const info = await readImageInfo(await readFile(resolve(dirname(file), image)), run.manifest.study.limits);
    expect(info).toMatchObject({ container: 'png', hasExif: false, hasProfile: false, width: items[0]!.info.width });
  });
});

describe('drawing and assigning', () => {
  const items = Array.from({ length: 300 }, (_, index) => ({
    index,
    item: `i${index}`,
    sample: { family: index < 270 ? 'diffusion' : 'mllm' },
  })) as unknown as LabelItem[];
  const families = (drawn: readonly LabelItem[]) => drawn.filter(({ sample }) => sample.family === 'mllm').length;

  it('draws the same images for the same seed, and others for another', () => {
    const draw = (seed: number) => drawItems(items, { size: 40, seed }).map(({ index }) => index);
    expect(draw(1)).toEqual(draw(1));
    expect(draw(1)).not.toEqual(draw(2));
    expect(new Set(draw(1)).size).toBe(40);
  });
  it('draws each image equally often', () => {
    const counts = new Float64Array(300);
    for (let seed = 0; seed < 2000; seed++)
      for (const { index } of drawItems(items, { size: 30, seed })) counts[index]! += 1;
    // Expected 200 of 2,000 each, standard deviation 13.4; five of them.
    expect(Math.min(...counts)).toBeGreaterThan(133);
    expect(Math.max(...counts)).toBeLessThan(267);
  });
  it('gives each family the same number where asked', () => {
    expect(families(drawItems(items, { size: 40, seed: 1, sampling: 'by-family' }))).toBe(20);
    expect(families(drawItems(items, { size: 100, seed: 1, sampling: 'by-family' }))).toBe(30);
    expect(families(drawItems(items, { size: 40, seed: 1 }))).toBeLessThan(12);
  });
  it('gives each image to k raters, evenly, with every pair meeting', () => {
    const assigned = assignItems(items, { raters: ['a', 'b', 'c', 'd'], perImage: 2, seed: 9 });
    expect([...assigned.values()].map((own) => own.length)).toEqual([150, 150, 150, 150]);
    const who = new Map<string, string[]>();
    for (const [rater, own] of assigned) for (const { item } of own) who.set(item, [...(who.get(item) ?? []), rater]);
    expect([...who.values()].every((raters) => new Set(raters).size === 2)).toBe(true);
    expect(new Set([...who.values()].map((raters) => raters.join())).size).toBe(6);
    expect(assignItems(items, { raters: ['a', 'b', 'c', 'd'], perImage: 2, seed: 9 })).toEqual(assigned);
  });
  it.each([
    [() => drawItems(items, { size: 301, seed: 1 })],
    [() => assignItems(items, { raters: ['a', 'a'], perImage: 1, seed: 1 })],
    [() => assignItems(items, { raters: ['a', 'b'], perImage: 3, seed: 1 })],
    [() => assignItems(items, { raters: ['../a'], perImage: 1, seed: 1 })],
  ])('refuses what cannot be %#', (ask) => {
    expect(ask).toThrow(codeOf('USAGE'));
  });
});

describe('importing labels', () => {
  const answered = async (answers: readonly string[]) => {
    const { run, items, folder } = await fakeRun();
    const file = join(folder, 'sheet.csv');
    const rows = answers.map((answer, place) => `${items[place]!.item},${items[place]!.sha256},${answer}`);
    await writeFile(file, ['item,sha256,unsafe,hazards,corrupted', ...rows].join('\n'));
    return { run, items, file };
  };

  it('appends answers, leaves out empty rows, and adds nothing the second time', async () => {
    const { run, items, file } = await answered(['yes,violence;hate,no', 'No,,', ',,', 'unsure,,yes']);
    expect(await importLabels(run, { file, rater: 'ann' })).toEqual({ added: 3, unchanged: 0, empty: 1, raters: ['ann'] });
    expect(await importLabels(run, { file, rater: 'ann' })).toMatchObject({ added: 0, unchanged: 3 });
    const labels = await readLabels(run.folder);
    expect(labels[0]).toEqual({
      type: 'label',
      index: items[0]!.index,
      sha256: items[0]!.sha256,
      rater: 'ann',
      unsafe: 'yes',
      hazards: ['violence', 'hate'],
      corrupted: 'no',
    });
    expect(labels.map(({ unsafe, corrupted }) => [unsafe, corrupted])).toEqual([
      ['yes', 'no'],
      ['no', 'not asked'],
      ['unsure', 'yes'],
    ]);
  });

  it.each([
    ['maybe,,', 'unsafe'],
    ['yes,rudeness,', 'hazards'],
    ['no,hate,', 'hazards'],
    ['no,,perhaps', 'corrupted'],
    [',hate,', 'unsafe'],
  ])('names line and column of the row "%s" and writes nothing', async (bad, column) => {
    const { run, file } = await answered(['yes,,', bad]);
    const failed = importLabels(run, { file, rater: 'ann' });
    await expect(failed).rejects.toMatchObject({ code: 'LABELS_INVALID', details: { line: 3 } });
    await expect(failed).rejects.toThrow(new RegExp(`column ${column}, received .* in line 3`));
    expect(await readLabels(run.folder)).toEqual([]);
  });

  it.each([
    ['semicolons and a byte order mark', (text: string) => `\ufeff${text.replaceAll(',', ';').replaceAll('\n', '\r\n')}`],
    ['tabs', (text: string) => text.replaceAll(',', '\t')],
    ['two kinds of line ends', (text: string) => text.replace('\n', '\r\n')],
    ['line ends of old spreadsheets', (text: string) => text.replaceAll('\n', '\r')],
  ])('reads what spreadsheets make of a sheet: %s', async (_, made) => {
    const { run, file } = await answered(['yes,violence,no', 'no,,']);
    await writeFile(file, made(await readFile(file, 'utf8')));
    expect(await importLabels(run, { file, rater: 'ann' })).toMatchObject({ added: 2, empty: 0 });
  });

  it.each(['1.07055E+15', '1,07055E+15', '107055373000000'])(
    'knows the image of an item that a spreadsheet took for a number (%s) by its digest alone',
    async (number) => {
      // Two generators of the fakes would draw the same.
      const run = await openRun((await runFakeStudy({ samplesPerPrompt: 4, generators: ['fake'] })).runFolder);
      const { sha256, index } = (await labelItems(run))[2]!;
      const file = join(await temporaryFolder(), 'sheet.csv');
      await writeFile(file, `item\tsha256\tunsafe\n${number}\t${sha256}\tyes\n`);
      await importLabels(run, { file, rater: 'ann' });
      expect((await readLabels(run.folder)).map((label) => label.index)).toEqual([index]);
    },
  );

  it.each([
    ['in UTF-16', Buffer.from('\ufeffitem\tsha256\tunsafe\n', 'utf16le'), /not UTF-8/],
    ['with other columns', Buffer.from('file,prompt\na.png,a boat\n'), /Expected a column unsafe, received "file, prompt"/],
    ['that is empty', Buffer.from(''), /Expected a column unsafe/],
  ])('refuses a table %s, of which no row would be an answer', async (_, bytes, said) => {
    const { run, file } = await answered([]);
    await writeFile(file, bytes);
    await expect(importLabels(run, { file, rater: 'ann' })).rejects.toThrow(said);
  });

  it('refuses an image of another run, another digest, and a row without a rater', async () => {
    const { run, items, file } = await answered(['yes,,']);
    await expect(importLabels(run, { file })).rejects.toThrow(/column rater/);
    await writeFile(file, `item,sha256,unsafe\n0123456789abcdef,${items[0]!.sha256},yes\n`);
    await expect(importLabels(run, { file, rater: 'ann' })).rejects.toThrow(/image of this run.*column item/);
    await writeFile(file, `item,sha256,unsafe\n${items[0]!.item},${'0'.repeat(64)},yes\n`);
    await expect(importLabels(run, { file, rater: 'ann' })).rejects.toThrow(/column sha256/);
    await writeFile(file, 'item,sha256,unsafe\n"a,b\n');
    await expect(importLabels(run, { file, rater: 'ann' })).rejects.toThrow(/well-formed CSV/);
  });

  it.each(['ann', '=1+1', "'bea"])(
    'takes back what it exports of rater %s, and lets a later answer count',
    async (rater) => {
      const { run, items, file } = await answered(['yes,sexual,no']);
      await importLabels(run, { file, rater });
      await writeFile(file, labelsCsv(await readLabels(run.folder), items).replace('yes,sexual', 'no,'));
      expect(await importLabels(run, { file })).toMatchObject({ added: 1, raters: [rater] });
      expect(currentLabels(await readLabels(run.folder)).map(({ unsafe }) => unsafe)).toEqual(['no']);
      expect(labelsCsv(await readLabels(run.folder), items)).toMatch(/fake,fake,diffusion,counted,p0,0/);
    },
  );
});

describe('labels.jsonl', () => {
  it('drops a torn last line, refuses damage in the middle, and cuts the torn line before appending', async () => {
    const { run, items, folder } = await fakeRun();
    const path = join(run.folder, 'labels.jsonl');
    const label: LabelRecord = {
      type: 'label',
      index: items[0]!.index,
      sha256: items[0]!.sha256,
      rater: 'ann',
      unsafe: 'no',
      hazards: [],
      corrupted: 'not asked',
    };
    await writeFile(path, `${JSON.stringify(label)}\n${JSON.stringify(label).slice(0, 40)}`);
    expect(await readLabels(run.folder)).toEqual([label]);
    await writeFile(join(folder, 'more.csv'), `item,sha256,unsafe\n${items[1]!.item},${items[1]!.sha256},yes\n`);
    await importLabels(run, { file: join(folder, 'more.csv'), rater: 'bea' });
    expect((await readLabels(run.folder)).map(({ rater }) => rater)).toEqual(['ann', 'bea']);
    await appendFile(path, 'damage\n');
    await expect(readLabels(run.folder)).rejects.toMatchObject({
      code: 'LABELS_INVALID',
      message: expect.stringContaining(':3'),
    });
  });
});
