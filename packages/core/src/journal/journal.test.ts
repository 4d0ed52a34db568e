import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { VerdictRecord } from '@diptych/plugin-kit';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../testing-fakes/fake-study.ts';
import { type JournalFile, openJournal } from './open-journal.ts';
import { maxLineBytes, readJournal } from './read-journal.ts';
import { SeenRecords } from './seen-records.ts';

const verdict = (index: number): VerdictRecord => ({
  type: 'verdict',
  judge: 'j',
  index,
  status: 'abstained',
  reason: 'ä'.repeat(index % 50) || 'x',
});
const pathOf = async (): Promise<string> => join(await temporaryFolder(), 'journal.jsonl');
async function indices(path: string): Promise<number[]> {
  const found: number[] = [];
  for await (const record of readJournal(path)) found.push(record.index);
  return found;
}

describe('the journal', () => {
  it('keeps records in the order appended, across openings and chunk borders', async () => {
    const path = await pathOf();
    for (const start of [0, 5000]) {
      await using journal = await openJournal(path);
      for (let index = start; index < start + 5000; index++) await journal.append(verdict(index));
    }
    expect(await indices(path)).toEqual(Array.from({ length: 10_000 }, (_, index) => index));
  });

  it('is empty when the file is missing', async () => {
    expect(await indices(await pathOf())).toEqual([]);
  });

  it('opens after a tear at any byte with all whole lines kept', async () => {
    const path = await pathOf();
    const lines = [0, 1, 2].map((index) => `${JSON.stringify(verdict(index))}\n`);
    const whole = Buffer.from(lines.join(''));
    const third = Buffer.byteLength(lines.slice(0, 2).join(''));
    for (let end = third; end <= whole.length; end++) {
      await writeFile(path, whole.subarray(0, end));
      await (await openJournal(path)).close();
      expect(await indices(path)).toEqual(end === whole.length ? [0, 1, 2] : [0, 1]);
    }
  });

  it.each([
    ['text that is no JSON', '{"type":'],
    ['a record of an unknown type', '{"type":"note","index":1}'],
    [
      'a score outside [0, 1]',
      '{"type":"detection","detector":"d","protocol":"as-received","side":"synthetic","index":1,"status":"scored","syntheticScore":2}',
    ],
    ['an empty line', ''],
  ])('refuses %s in the middle and names the line', async (_name, line) => {
    const path = await pathOf();
    await writeFile(path, `${JSON.stringify(verdict(0))}\n${line}\n${JSON.stringify(verdict(2))}\n`);
    await expect(indices(path)).rejects.toMatchObject({ code: 'JOURNAL_CORRUPT', message: expect.stringContaining(':2') });
  });

  it('refuses a line longer than the bound without reading it whole', async () => {
    const path = await pathOf();
    await writeFile(path, Buffer.alloc(maxLineBytes + 2 ** 20, 0x20));
    await expect(indices(path)).rejects.toMatchObject({ code: 'JOURNAL_CORRUPT' });
    await expect(openJournal(path)).rejects.toMatchObject({ code: 'JOURNAL_CORRUPT' });
  });
});

describe('writing', () => {
  const failing = (fault: Partial<JournalFile>): JournalFile => ({
    write: async (buffer) => ({ bytesWritten: buffer.length }),
    datasync: async () => undefined,
    close: async () => undefined,
    ...fault,
  });
  const noSpace = Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });

  it('finishes short writes', async () => {
    const written: Buffer[] = [];
    const file = failing({
      async write(buffer) {
        const part = Buffer.from(buffer.subarray(0, 7));
        written.push(part);
        return { bytesWritten: part.length };
      },
    });
    const journal = await openJournal('unused', { file });
    await journal.append(verdict(3));
    await journal.close();
    expect(JSON.parse(Buffer.concat(written).toString())).toEqual(verdict(3));
  });

  it.each([
    ['write', failing({ write: () => Promise.reject(noSpace) })],
    ['sync', failing({ datasync: () => Promise.reject(noSpace) })],
  ])('a failed %s is told at once and again', async (_name, file) => {
    const journal = await openJournal('unused', { file });
    await journal.append(verdict(0));
    await expect(journal.flush()).rejects.toMatchObject({ code: 'STORE_WRITE_FAILED' });
    expect(() => journal.append(verdict(1))).toThrow(expect.objectContaining({ code: 'STORE_WRITE_FAILED' }));
  });

  it('a full device fails as such', async () => {
    const journal = await openJournal('/dev/full').catch((error: unknown) => error);
    if (journal instanceof Error) {
      expect(journal).toMatchObject({ code: 'STORE_WRITE_FAILED' });
      return;
    }
    const { append, flush } = journal as Awaited<ReturnType<typeof openJournal>>;
    await append(verdict(0));
    await expect(flush()).rejects.toMatchObject({
      code: 'STORE_WRITE_FAILED',
      message: expect.stringMatching(/ENOSPC|no space/),
    });
  });

  it('writes one group for many records', async () => {
    let syncs = 0;
    const journal = await openJournal('unused', {
      file: failing({ datasync: async () => void syncs++ }),
      groupRecords: 100,
    });
    for (let index = 0; index < 1000; index++) await journal.append(verdict(index));
    await journal.close();
    expect(syncs).toBe(10);
  });

  it('writes a lone record after the group time', async () => {
    const path = await pathOf();
    const journal = await openJournal(path, { groupMs: 1 });
    await journal.append(verdict(0));
    while ((await readFile(path)).length === 0) await new Promise((resume) => setTimeout(resume, 1));
    expect(await indices(path)).toEqual([0]);
    await journal.close();
  });
});

it('remembers each key once', () => {
  const seen = new SeenRecords();
  expect([seen.add('a', 0), seen.add('a', 0), seen.add('b', 0), seen.add('a', 1_000_000), seen.has('a', 999_999)]).toEqual([
    true,
    false,
    true,
    true,
    false,
  ]);
  expect([seen.count('a'), seen.count('b'), seen.count('c')]).toEqual([2, 1, 0]);
});
