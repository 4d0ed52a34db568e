import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readJournal } from '../journal/read-journal.ts';
import { readLabels } from '../labels/label-store.ts';
import { readReport } from '../report/read-report.ts';
import { acquireLock } from '../run/lock.ts';
import { readManifest } from '../run/manifest.ts';
import { createImageStore } from '../store/image-store.ts';
import { sha256Hex } from '../text/canonical-json.ts';
import { readRegularText } from './regular-file.ts';

let folder: string;
const image = { sha256: sha256Hex(new Uint8Array(1)), container: 'png' } as const;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'diptych-pipes-'));
  const shard = join('images', image.sha256.slice(0, 2));
  for (const name of ['report', shard]) await mkdir(join(folder, name), { recursive: true });
  if (process.platform === 'win32') return;
  const names = ['manifest.json', 'journal.jsonl', 'labels.jsonl', 'run.lock', 'report/metrics.json', join(shard, `${image.sha256}.png`)]; // biome-ignore format: one list
  execFileSync('mkfifo', names.map((name) => join(folder, name))); // biome-ignore format: one call
});
afterAll(() => rm(folder, { recursive: true }));

async function journalOf(run: string): Promise<void> {
  for await (const _ of readJournal(join(run, 'journal.jsonl'))) return;
}

describe.skipIf(process.platform === 'win32')('a pipe in place of a file of a run (Windows has none in folders)', () => {
  it.each([
    ['manifest.json', readManifest, 'RUN_NOT_FOUND'],
    ['journal.jsonl', journalOf, 'JOURNAL_CORRUPT'],
    ['labels.jsonl', readLabels, 'LABELS_INVALID'],
    ['report/metrics.json', readReport, 'REPORT_NOT_FOUND'],
    ['an image', (run: string) => createImageStore(join(run, 'images')).get(image), 'IMAGE_MISSING'],
  ] as const)('is not waited for: %s', async (_, read, code) => {
    await expect(read(folder)).rejects.toMatchObject({ code });
  });

  it('is nobody’s lock', async () => {
    const lock = await acquireLock(folder);
    expect(await readRegularText(join(folder, 'run.lock'))).toContain(`"pid":${process.pid}`);
    await lock.release();
  });
});

it('reads files whole, and says what a folder is', async () => {
  await writeFile(join(folder, 'text'), 'ä'.repeat(100_000));
  expect(await readRegularText(join(folder, 'text'))).toBe('ä'.repeat(100_000));
  await expect(readRegularText(folder)).rejects.toThrow('a folder, pipe or device');
});

it.each([
  ['manifest.json', readManifest, 'RUN_NOT_FOUND'],
  ['report/metrics.json', readReport, 'REPORT_NOT_FOUND'],
  ['labels.jsonl', readLabels, 'LABELS_INVALID'],
] as const)('is not read into memory where it is larger than any: %s', async (name, read, code) => {
  const run = await mkdtemp(join(folder, 'large-'));
  await mkdir(join(run, 'report'));
  await writeFile(join(run, name), '');
  await truncate(join(run, name), 512 * 2 ** 20); // of holes: takes no room
  const fault = await read(run).catch((error: unknown) => error);
  expect(fault).toMatchObject({ code });
  expect(String((fault as Error).cause)).toMatch(/536870912 bytes long, the limit is \d+/);
});
