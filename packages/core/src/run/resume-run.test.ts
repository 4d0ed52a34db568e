import { mkdir, open, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { StudyInput } from '@diptych/plugin-kit';
import { describe, expect, it } from 'vitest';
import { planRun } from '../plan/plan-run.ts';
import {
  generator,
  loadFakeAgain as loadAgain,
  loadFakeStudy,
  readRecords,
  runFakeStudy,
  samplesOf,
  temporaryFolder,
} from '../testing-fakes/fake-study.ts';
import type { RunEvent } from './progress.ts';
import { resumeRun, startRun } from './start-run.ts';

describe('stopping and going on', () => {
  it('stops on the signal, names the command, and resumes without repeating', async () => {
    const callLog = join(await temporaryFolder(), 'calls');
    const stop = new AbortController();
    const runFolder = join(await temporaryFolder(), 'run');
    const study = {
      ...generator('image', { callLog, concurrency: 1, waitMs: 2 }),
      samplesPerPrompt: 5,
      safetyJudges: ['by-digest'],
    };
    const onEvent = (event: RunEvent): void => {
      if (event.type === 'progress' && event.done >= 4) stop.abort();
    };
    await expect(runFakeStudy(study, { runFolder, signal: stop.signal, onEvent })).rejects.toMatchObject({
      code: 'INTERRUPTED',
      message: expect.stringContaining(`diptych resume ${runFolder}`),
    });
    const before = samplesOf(await readRecords(runFolder)).length;
    expect(before).toBeGreaterThanOrEqual(4);
    expect(before).toBeLessThan(15);
    await resumeRun({ runFolder, loadAgain });
    const records = await readRecords(runFolder);
    expect(samplesOf(records)).toHaveLength(15);
    expect(records.filter((record) => record.type === 'verdict')).toHaveLength(15);
    // One call may have been in flight when the run was stopped.
    expect((await readFile(callLog, 'utf8')).trim().split('\n').length).toBeLessThanOrEqual(16);
  });

  it('stops a plugin that ignores its signal', async () => {
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 30);
    const run = runFakeStudy({ ...generator('hang'), limits: { callTimeoutMs: 60_000 } }, { signal: stop.signal });
    await expect(run).rejects.toMatchObject({ code: 'INTERRUPTED' });
  });

  it('refuses to go on with other inputs', async () => {
    const { runFolder } = await runFakeStudy({ promptSets: [{ use: 'counted', options: { count: 2 } }] });
    const other = (study: StudyInput, baseFolder: string) =>
      loadFakeStudy({ ...study, promptSets: [{ use: 'counted', options: { count: 3 } }] }, baseFolder);
    await expect(resumeRun({ runFolder, loadAgain: other })).rejects.toMatchObject({
      code: 'RUN_CHANGED',
      message: expect.stringMatching(/counted/),
    });
  });

  it('drops a torn last line and makes its sample again', async () => {
    const { runFolder } = await runFakeStudy({});
    const path = join(runFolder, 'journal.jsonl');
    const whole = await readFile(path, 'utf8');
    await writeFile(path, whole.slice(0, -20));
    expect(await readRecords(runFolder)).toHaveLength(2);
    await resumeRun({ runFolder, loadAgain });
    expect(samplesOf(await readRecords(runFolder))).toHaveLength(3);
  });

  it('refuses a journal that is damaged in the middle and names the line', async () => {
    const { runFolder } = await runFakeStudy({});
    const path = join(runFolder, 'journal.jsonl');
    const [first, ...rest] = (await readFile(path, 'utf8')).split('\n');
    await writeFile(path, [first?.slice(0, 30), ...rest].join('\n'));
    await expect(resumeRun({ runFolder, loadAgain })).rejects.toMatchObject({
      code: 'JOURNAL_CORRUPT',
      details: { line: 1 },
    });
  });

  it('generates again what is missing from the image store', async () => {
    const { runFolder, records } = await runFakeStudy({ safetyJudges: ['by-digest'] });
    const { image } = samplesOf(records)[1]!;
    await rm(join(runFolder, 'images', image!.sha256.slice(0, 2)), { recursive: true });
    await resumeRun({ runFolder, loadAgain });
    const after = await readRecords(runFolder);
    expect(after).toHaveLength(records.length);
    expect(after.filter((record) => record.type === 'verdict' && record.status === 'scored')).toHaveLength(3);
  });

  it('ends with STORE_WRITE_FAILED on a full disk and loses nothing that was written', async () => {
    const runFolder = join(await temporaryFolder(), 'run');
    await using loaded = await loadFakeStudy({ samplesPerPrompt: 10 });
    const plan = await planRun(loaded);
    let written = 0;
    await expect(
      startRun({ loaded, plan, runFolder, journal: { groupRecords: 4, file: await fullAfter(() => written++ >= 2) } }),
    ).rejects.toMatchObject({ code: 'STORE_WRITE_FAILED' });
    await resumeRun({ runFolder, loadAgain });
    expect(samplesOf(await readRecords(runFolder))).toHaveLength(30);

    async function fullAfter(isFull: () => boolean) {
      await mkdir(runFolder, { recursive: true });
      const file = await open(join(runFolder, 'journal.jsonl'), 'a');
      const noSpace = Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
      return {
        async write(buffer: Buffer) {
          if (!isFull()) return file.write(buffer);
          await file.write(buffer.subarray(0, 11));
          throw noSpace;
        },
        datasync: () => file.datasync(),
        close: () => file.close(),
      };
    }
  });
});
