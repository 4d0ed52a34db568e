import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { JournalRecord } from '@diptych/plugin-kit';
import { expect, it } from 'vitest';
import { readJournal } from '../journal/read-journal.ts';
import { seededUniform } from '../plan/seeds.ts';
import { recordKey } from '../records/record-key.ts';
import { readRecords, temporaryFolder } from '../testing-fakes/fake-study.ts';
import { forkRun, type RunChild } from '../testing-fakes/fork-run.ts';
import { killSamplesPerPrompt } from '../testing-fakes/kill-study.ts';

const kills = 50;
/** Steps of progress before a kill: 0 to this, drawn. The message takes its time, so the moment is random in itself. */
const mostSteps = 26;

/** What must be equal however often a run was killed: everything but times and tries. */
function contentOf(records: readonly JournalRecord[]): Map<string, string> {
  return new Map(
    records.map((record) => {
      const { group, index } = recordKey(record);
      const content = record.type === 'sample' ? { ...record, attempts: 0, durationMs: 0 } : record;
      return [`${group} ${index}`, JSON.stringify(content)];
    }),
  );
}

it('a run killed 50 times ends with the records of an undisturbed one, without repeating what was finished', {
  timeout: 180_000,
}, async () => {
  const folder = await temporaryFolder();
  const [whole, killed] = [join(folder, 'whole'), join(folder, 'killed')];
  const killedLog = join(folder, 'calls-killed');
  await writeFile(killedLog, '');
  const undisturbed = forkRun(whole, join(folder, 'calls-whole'), 0);
  await undisturbed.go();
  expect(await undisturbed.ended).toBe(true);

  const uniform = seededUniform(20260301);
  const next = (): RunChild => forkRun(killed, killedLog, Math.floor(uniform() * mostSteps));
  const waiting = [next(), next()];
  let interrupted = 0;
  let grew = 0;
  for (let number = 0; number < kills; number++) {
    const child = waiting.shift()!;
    waiting.push(next());
    const [finished, calls] = [await finishedSamples(killed), await readCalls(killedLog)];
    await child.go();
    // Each fifth kill meets the process while it reads the journal, before any step.
    await (number % 5 === 0 ? new Promise((resume) => setTimeout(resume, uniform() * 20)) : child.now);
    child.process.kill('SIGKILL');
    if (!(await child.ended)) interrupted += 1;
    const fresh = (await readCalls(killedLog)).slice(calls.length);
    expect(fresh.filter((call) => finished.has(call))).toEqual([]);
    if ((await finishedSamples(killed)).size > finished.size) grew += 1;
  }
  const last = waiting.shift()!;
  for (const { process } of waiting) process.kill('SIGKILL');
  await last.go();
  expect(await last.ended).toBe(true);

  // The work is long enough that kills meet living runs, in collection and after it.
  expect(interrupted).toBeGreaterThan(kills / 2);
  expect(grew).toBeGreaterThan(3);
  const expected = contentOf(await readRecords(whole));
  expect(contentOf(await readRecords(killed))).toEqual(expected);
  expect(await countLines(killed)).toBe(expected.size);
  expect((await readdir(killed, { recursive: true })).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  await rm(folder, { recursive: true });
});

async function readCalls(path: string): Promise<string[]> {
  return (await readFile(path, 'utf8')).split('\n').filter(Boolean);
}

/** Samples with a record, written as the fake generator logs its calls. */
async function finishedSamples(runFolder: string): Promise<Set<string>> {
  const finished = new Set<string>();
  for await (const record of readJournal(join(runFolder, 'journal.jsonl'))) {
    if (record.type === 'sample') finished.add(`${record.promptId} ${record.level} ${record.index % killSamplesPerPrompt}`);
  }
  return finished;
}

/** Lines of the journal, duplicates included. */
async function countLines(runFolder: string): Promise<number> {
  return (await readFile(join(runFolder, 'journal.jsonl'), 'utf8')).split('\n').filter(Boolean).length;
}
