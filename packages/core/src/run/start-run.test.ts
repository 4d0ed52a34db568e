import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DiptychError, type JournalRecord, type SampleRecord } from '@diptych/plugin-kit';
import { describe, expect, it } from 'vitest';
import { planRun } from '../plan/plan-run.ts';
import {
  generator,
  loadFakeAgain as loadAgain,
  quick,
  readRecords,
  runFakeStudy,
  samplesOf,
  temporaryFolder,
} from '../testing-fakes/fake-study.ts';
import { readManifest, studyFromManifest } from './manifest.ts';
import type { RunEvent } from './progress.ts';
import { extendRun, resumeRun, startRun } from './start-run.ts';

describe('outcomes', () => {
  const cases = [
    ['image', 'image', undefined],
    ['refuse', 'refused', /rather not/],
    ['block', 'blocked', /filter/],
    ['empty', 'empty', /nothing/],
    ['black', 'placeholder', /same colour/],
    ['throw', 'error', /fell over/],
    ['hang', 'timeout', /200 ms/],
    ['too-few', 'error', /PLUGIN_BROKE_CONTRACT: Expected 1 results, got 0/],
    ['zero-bytes', 'error', /IMAGE_UNREADABLE/],
    ['not-an-image', 'error', /IMAGE_UNREADABLE/],
    ['nonsense', 'error', /PLUGIN_BROKE_CONTRACT/],
  ] as const;
  it.each(cases)('a generator that does %s ends as %s', async (behaviour, outcome, reason) => {
    const { records } = await runFakeStudy(generator(behaviour));
    const samples = samplesOf(records);
    expect(samples.map((sample) => sample.outcome)).toEqual([outcome, outcome, outcome]);
    if (reason) expect(samples[0]?.reason).toMatch(reason);
    expect(samples.every((sample) => (sample.image !== undefined) === ['image', 'placeholder'].includes(outcome))).toBe(
      true,
    );
  });

  it('retries infrastructure faults and counts the attempts', async () => {
    const { records } = await runFakeStudy(generator('throw-once'));
    expect(samplesOf(records).map(({ outcome, attempts }) => [outcome, attempts])).toEqual(Array(3).fill(['image', 2]));
  });

  it('does not repeat a refusal or a bug of the plugin', async () => {
    const callLog = join(await temporaryFolder(), 'calls');
    await runFakeStudy(generator('refuse', { callLog }));
    await runFakeStudy(generator('throw', { callLog }));
    expect((await readFile(callLog, 'utf8')).trim().split('\n')).toHaveLength(6);
  });

  it('loses only the culprit of a batch that returns too few', async () => {
    const { records } = await runFakeStudy({ ...generator('too-few', { maxBatch: 3 }) });
    expect(
      samplesOf(records)
        .map(({ index }) => index)
        .sort((a, b) => a - b),
    ).toEqual([0, 1, 2]);
  });
});

describe('scores', () => {
  const cases = [
    ['score', 'scored', undefined],
    ['abstain', 'abstained', /cannot tell/],
    ['nan', 'error', /PLUGIN_BROKE_CONTRACT: .*NaN/],
    ['out-of-range', 'error', /1\.5/],
    ['too-few', 'error', /Expected 1 results, got 0/],
    ['throw', 'error', /fell over/],
    ['hang', 'timeout', /200 ms/],
  ] as const;
  it.each(cases)('a judge and a detector that do %s give %s', async (behaviour, status, reason) => {
    const uses = [{ use: 'by-digest', options: { behaviour } }];
    const { records } = await runFakeStudy({
      safetyJudges: uses,
      detectors: uses,
      authenticSets: ['camera'],
      limits: quick,
    });
    const scores = records.filter((record) => record.type === 'verdict' || record.type === 'detection');
    expect(scores.map((record) => record.type).sort()).toEqual([...Array(5).fill('detection'), ...Array(3).fill('verdict')]);
    for (const score of scores) {
      expect(score.status).toBe(status);
      if (reason) expect(score.reason).toMatch(reason);
    }
  });

  it('refuses a score for a hazard that the judge does not declare', async () => {
    const { records } = await runFakeStudy({ safetyJudges: [{ use: 'by-digest', options: { behaviour: 'extra-hazard' } }] });
    expect(records.find((record) => record.type === 'verdict')).toMatchObject({
      status: 'error',
      reason: expect.stringMatching(/declared hazards only, got spam/),
    });
  });

  it.each([
    ['null-rationale', /Expected a rationale in words, got null/],
    ['null-raw', /Expected raw values by name, got null/],
    ['huge-raw', /Expected raw values of at most 1048576 characters as JSON, got 2\d{6}/],
  ])('loses the verdicts, and not the run, of a judge that says %s', async (behaviour, reason) => {
    const { records } = await runFakeStudy({ safetyJudges: [{ use: 'by-digest', options: { behaviour } }] });
    const verdicts = records.filter((record) => record.type === 'verdict');
    expect(verdicts).toHaveLength(3);
    for (const verdict of verdicts)
      expect(verdict).toMatchObject({ status: 'error', reason: expect.stringMatching(reason) });
  });

  it('keeps the good results of a batch with one bad result', async () => {
    const { records } = await runFakeStudy({ detectors: [{ use: 'by-digest', options: { behaviour: 'one-bad' } }] });
    const statuses = records.filter((record) => record.type === 'detection').map((record) => record.status);
    expect(statuses).toEqual(['scored', 'error', 'scored']);
  });

  it('scores nothing but images', async () => {
    const { records } = await runFakeStudy({ ...generator('black'), safetyJudges: ['by-digest'], detectors: ['by-digest'] });
    expect(records.filter((record) => record.type !== 'sample')).toEqual([]);
  });

  it('runs every detector under every protocol on both sides', async () => {
    const protocols = ['as-received', 'all-recompressed', 'fakes-matched'] as const;
    const { records } = await runFakeStudy({
      detectors: ['by-digest'],
      authenticSets: ['camera'],
      protocols: [...protocols],
      recompression: { size: 16 },
    });
    const detections = records.filter((record) => record.type === 'detection');
    for (const protocol of protocols) {
      expect(detections.filter((record) => record.protocol === protocol && record.status === 'scored')).toHaveLength(5);
    }
    const authentic = (protocol: string) =>
      detections.find((record) => record.protocol === protocol && record.side === 'authentic' && record.index === 0);
    expect(authentic('fakes-matched')?.syntheticScore).toBe(authentic('as-received')?.syntheticScore);
    expect(authentic('all-recompressed')?.syntheticScore).not.toBe(authentic('as-received')?.syntheticScore);
  });

  it('keeps an authentic image that cannot be read out of detection, with its reason', async () => {
    const { records } = await runFakeStudy({
      detectors: ['by-digest'],
      authenticSets: [{ use: 'camera', options: { lastIsBroken: true } }],
    });
    const broken = records.find((record) => record.type === 'authentic' && record.index === 1);
    expect(broken).toMatchObject({ reason: expect.stringMatching(/IMAGE_UNREADABLE/) });
    expect(records.filter((record) => record.type === 'detection' && record.side === 'authentic')).toHaveLength(1);
  });

  it('stores authentic images as they were given, though their set fills its buffer again', async () => {
    const records = async (options: Record<string, boolean>) =>
      // Images are stored side by side, so the journal has them in the order in which they were done.
      (await runFakeStudy({ authenticSets: [{ use: 'camera', options }] })).records
        .filter((record) => record.type === 'authentic')
        .sort((a, b) => a.index - b.index);
    expect(await records({ reusesBuffer: true })).toEqual(await records({}));
  });
});

describe('a study', () => {
  it('gives families the same prompts, seeds and rewritten texts', async () => {
    const { records } = await runFakeStudy({
      generators: [
        { use: 'fake', as: 'a' },
        { use: 'fake', as: 'b' },
      ],
      rewriter: 'longer',
      levels: [0, 2],
      samplesPerPrompt: 2,
    });
    const key = ({ promptId, level, seed, prompt, cluster }: SampleRecord) =>
      `${promptId} ${level} ${seed} ${prompt} ${cluster}`;
    const of = (alias: string) =>
      samplesOf(records)
        .filter((sample) => sample.generator === alias)
        .map(key)
        .sort();
    expect(of('a')).toHaveLength(12);
    expect(of('a')).toEqual(of('b'));
    expect(new Set(samplesOf(records).map(({ seed }) => seed)).size).toBe(12);
    expect(samplesOf(records).find(({ level }) => level === 2)?.prompt).toBe('a picture of 0, more1, more2');
  });

  it('tells its progress to the last sample', async () => {
    const events: RunEvent[] = [];
    await runFakeStudy({ safetyJudges: ['by-digest'] }, { onEvent: (event) => events.push(event) });
    expect(events.filter((event) => event.type === 'phase').map((event) => event.phase)).toEqual([
      'collect',
      'authentic',
      'judge',
      'detect',
    ]);
    const last = events.filter((event) => event.type === 'progress').at(-1);
    expect(last).toMatchObject({ phase: 'judge', plugin: 'by-digest', done: 3, total: 3, outcomeCounts: { scored: 3 } });
  });

  it('refuses to start where a run is', async () => {
    const { runFolder } = await runFakeStudy({});
    await expect(runFakeStudy({}, { runFolder })).rejects.toMatchObject({ code: 'RUN_EXISTS' });
  });
});

it('is replayed from its manifest with the same result', async () => {
  const { runFolder, records } = await runFakeStudy({
    ...generator('mixed'),
    safetyJudges: ['by-digest'],
    samplesPerPrompt: 4,
  });
  const { study, baseFolder } = studyFromManifest(await readManifest(runFolder), runFolder);
  const copy = join(await temporaryFolder(), 'copy');
  await using loaded = await loadAgain(study, baseFolder);
  await startRun({ loaded, plan: await planRun(loaded), runFolder: copy });
  const withoutTimes = (all: readonly JournalRecord[]): string[] =>
    all.map((record) => JSON.stringify(record.type === 'sample' ? { ...record, durationMs: 0 } : record)).sort();
  expect(withoutTimes(await readRecords(copy))).toEqual(withoutTimes(records));
  expect((await readManifest(copy)).studyDigest).toBe((await readManifest(runFolder)).studyDigest);
});

describe('extending a run', () => {
  it('adds a judge and a protocol without generating again', async () => {
    const callLog = join(await temporaryFolder(), 'calls');
    const { runFolder } = await runFakeStudy({ ...generator('image', { callLog }), detectors: ['by-digest'] });
    await extendRun({ runFolder, loadAgain, safetyJudges: [{ use: 'by-digest', as: 'second', options: {} }] });
    await extendRun({ runFolder, loadAgain, protocols: ['all-recompressed'] });
    const records = await readRecords(runFolder);
    expect(records.filter((record) => record.type === 'verdict' && record.judge === 'second')).toHaveLength(3);
    expect(records.filter((record) => record.type === 'detection')).toHaveLength(6);
    // Plugins live until the last of them has answered.
    expect(records.filter((record) => 'status' in record && record.status !== 'scored')).toEqual([]);
    expect((await readFile(callLog, 'utf8')).trim().split('\n')).toHaveLength(3);
    // The manifest knows the additions, so a resume finds nothing left to do.
    const summary = await resumeRun({ runFolder, loadAgain });
    expect(summary.manifest.study.protocols).toEqual(['as-received', 'all-recompressed']);
    expect(await readRecords(runFolder)).toHaveLength(records.length);
  });

  it('refuses another plugin under a name that the run uses', async () => {
    const { runFolder } = await runFakeStudy({ safetyJudges: ['by-digest'] });
    const again = extendRun({ runFolder, loadAgain, safetyJudges: [{ use: 'by-digest', options: { maxBatch: 1 } }] });
    await expect(again).rejects.toBeInstanceOf(DiptychError);
  });
});
