import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdir, open, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { StudyInput } from '@diptych/plugin-kit';
import { describe, expect, it } from 'vitest';
import { planRun } from '../plan/plan-run.ts';
import { fakeImage } from '../testing-fakes/fake-image.ts';
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
import { extendRun, resumeRun, startRun } from './start-run.ts';

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

  it('refuses to go on with a list that changed under a digest that did not', async () => {
    const { runFolder } = await runFakeStudy({});
    const other = async (study: StudyInput, baseFolder: string) => {
      const loaded = await loadFakeStudy(study, baseFolder);
      const [set] = loaded.promptSets;
      const before = set!.instance.prompts.bind(set!.instance);
      set!.instance.prompts = async function* (signal) {
        for await (const prompt of before(signal)) yield { ...prompt, text: `${prompt.text}!` };
      };
      return loaded;
    };
    await expect(resumeRun({ runFolder, loadAgain: other })).rejects.toMatchObject({
      code: 'RUN_CHANGED',
      details: { changes: ['what prompt-set/counted lists differs'] },
    });
    const path = join(runFolder, 'manifest.json');
    const manifest = await readFile(path, 'utf8');
    const older = manifest.replace(/"listDigest": "[0-9a-f]{64}",/, '');
    expect(older).not.toBe(manifest);
    await writeFile(path, older);
    await resumeRun({ runFolder, loadAgain: other });
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

  it('scores nothing under the digest of other bytes, and makes again an image whose file was changed meanwhile', async () => {
    const runFolder = join(await temporaryFolder(), 'run');
    const study = { safetyJudges: ['by-digest'], detectors: ['by-digest'] };
    const changed = new Map<string, Buffer>();
    const onEvent = (event: RunEvent): void => {
      if (event.type !== 'phase' || event.phase !== 'judge') return;
      for (const entry of readdirSync(join(runFolder, 'images'), { recursive: true, withFileTypes: true })) {
        if (!entry.isFile() || changed.size === 2) continue;
        const path = join(entry.parentPath, entry.name);
        const bytes = readFileSync(path);
        changed.set(path, bytes);
        // One is cut off, one becomes another whole picture.
        writeFileSync(path, changed.size === 1 ? bytes.subarray(0, 40) : other);
      }
    };
    const other = await fakeImage({ seed: 99 });
    await runFakeStudy(study, { runFolder, onEvent });
    expect(changed.size).toBe(2);
    const scoresOf = async () =>
      (await readRecords(runFolder)).filter(({ type }) => type === 'verdict' || type === 'detection');
    const lacking = (await scoresOf()).filter((record) => 'reason' in record && record.reason?.startsWith('IMAGE_MISSING'));
    expect(lacking).toHaveLength(4);
    expect(lacking[0]).toMatchObject({ status: 'error', reason: expect.stringContaining('another digest') });
    await resumeRun({ runFolder, loadAgain });
    expect((await scoresOf()).map((record) => 'status' in record && record.status)).toEqual(Array(6).fill('scored'));
    for (const [path, bytes] of changed) expect(readFileSync(path)).toEqual(bytes);
  });

  it('scores what lacked its image once the file is restored', async () => {
    const { runFolder, records } = await runFakeStudy({});
    const { image } = samplesOf(records)[1]!;
    const path = join(runFolder, 'images', image!.sha256.slice(0, 2), `${image!.sha256}.png`);
    const bytes = await readFile(path);
    await writeFile(path, 'damaged');
    const extended = () => extendRun({ runFolder, loadAgain, detectors: [{ use: 'by-digest', options: {} }] });
    await extended();
    await writeFile(path, bytes);
    await resumeRun({ runFolder, loadAgain });
    const scores = (await readRecords(runFolder)).filter(({ type }) => type === 'detection');
    expect(scores.map((record) => 'status' in record && record.status)).toEqual(Array(3).fill('scored'));
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
