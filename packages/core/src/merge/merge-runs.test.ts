import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { StudyInput } from '@diptych/plugin-kit';
import { describe, expect, it } from 'vitest';
import { planRun } from '../plan/plan-run.ts';
import { parseShard, shardPlan } from '../plan/shard-plan.ts';
import { analyse } from '../report/analyse.ts';
import { verifyRun } from '../report/verify-run.ts';
import { writeReport } from '../report/write-report.ts';
import { readManifest } from '../run/manifest.ts';
import { openRun } from '../run/open-run.ts';
import { resumeRun, startRun } from '../run/start-run.ts';
import { loadFakeAgain, loadFakeStudy, readRecords, temporaryFolder } from '../testing-fakes/fake-study.ts';
import { mergeRuns } from './merge-runs.ts';

const study: Partial<StudyInput> = {
  promptSets: [{ use: 'counted', options: { count: 12 } }],
  generators: [
    { use: 'fake', as: 'a', options: { behaviour: 'mixed' } },
    { use: 'fake', as: 'b', options: { maxBatch: 3 } },
  ],
  rewriter: 'longer',
  levels: [0, 1],
  samplesPerPrompt: 2,
  safetyJudges: ['by-digest'],
  detectors: ['by-digest'],
  authenticSets: [{ use: 'camera', options: { count: 9, lastIsBroken: true } }],
  protocols: ['as-received', 'fakes-matched'],
  recompression: { size: 16 },
};

async function runPart(shard: string | undefined, input: Partial<StudyInput> = study, abortAfter?: number): Promise<string> {
  await using loaded = await loadFakeStudy(input);
  const whole = await planRun(loaded);
  const plan = shard ? shardPlan(whole, parseShard(shard)) : whole;
  const runFolder = join(await temporaryFolder(), shard?.replace('/', '-of-') ?? 'whole');
  const stop = new AbortController();
  const onEvent = (event: { type: string; done?: number }): void => {
    if (abortAfter !== undefined && event.type === 'progress' && (event.done ?? 0) >= abortAfter) stop.abort();
  };
  const started = startRun({ loaded, plan, runFolder, signal: stop.signal, onEvent });
  if (abortAfter === undefined) await started;
  else await expect(started).rejects.toMatchObject({ code: 'INTERRUPTED' });
  return runFolder;
}

const shards = (of: number, input = study): Promise<string[]> =>
  Promise.all(Array.from({ length: of }, (_, index) => runPart(`${index + 1}/${of}`, input)));
const outFolder = async (): Promise<string> => join(await temporaryFolder(), 'merged');
const report = async (folder: string) => {
  const run = await openRun(folder);
  return await analyse(run.manifest, run.records());
};

// Several whole runs or reports each; nothing is timed.
describe('merging the shards of a study', { timeout: 60_000 }, () => {
  it('gives the digest, every number and every statement of one machine', async () => {
    const [whole, parts] = [await runPart(undefined), await shards(3)];
    const merged = await mergeRuns({ runs: parts, outFolder: await outFolder() });
    expect(merged.shards.map(({ samples }) => samples).every((samples) => samples > 0)).toBe(true);
    expect(merged.shards.reduce((sum, { samples }) => sum + samples, 0)).toBe(96);
    const [one, many] = [await report(whole), await report(merged.runFolder)];
    expect(many.summary).toEqual(one.summary);
    expect(many.numbers).toEqual(one.numbers);
    expect(many.claims).toEqual(one.claims);
    expect(Object.keys(one.numbers).length).toBeGreaterThan(100);
  });

  it('makes a run that is reported, verified and resumed with nothing left to do', async () => {
    const { runFolder, manifest } = await mergeRuns({ runs: await shards(2), outFolder: await outFolder() });
    expect(manifest).toMatchObject({ planned: { samples: 96, authentic: 9 }, merged: { of: 2, missing: [] } });
    expect(manifest.shard).toBeUndefined();
    const { model } = await writeReport(await openRun(runFolder));
    expect((await verifyRun(await openRun(runFolder))).digest).toBe(model.summary.digest);
    const before = await readFile(join(runFolder, 'journal.jsonl'), 'utf8');
    await resumeRun({ runFolder, loadAgain: loadFakeAgain });
    expect(await readFile(join(runFolder, 'journal.jsonl'), 'utf8')).toBe(before);
    const { image } = (await readRecords(runFolder)).find((record) => record.type === 'authentic')!;
    expect((await (await openRun(runFolder)).findImage(image!.sha256)).bytes.length).toBeGreaterThan(0);
  });

  it('goes on with a stopped shard as that shard', async () => {
    const stopped = await runPart('1/2', { ...study, generators: [{ use: 'fake', options: { waitMs: 2 } }] }, 3);
    const other = await runPart('2/2', { ...study, generators: [{ use: 'fake', options: { waitMs: 2 } }] });
    await expect(mergeRuns({ runs: [stopped, other], outFolder: await outFolder() })).rejects.toMatchObject({
      code: 'MERGE_REFUSED',
      message: expect.stringMatching(/lacks \d+ of \d+ samples/),
    });
    await resumeRun({ runFolder: stopped, loadAgain: loadFakeAgain });
    const merged = await mergeRuns({ runs: [other, stopped], outFolder: await outFolder() });
    expect(merged.shards.map(({ lacking }) => lacking)).toEqual([[], []]);
  });

  it('merges what there is with --partial, says so, and lets one machine do the rest', async () => {
    const [first, , third] = await shards(3);
    const runs = [first!, third!];
    await expect(mergeRuns({ runs, outFolder: await outFolder() })).rejects.toThrow(/all 3 shards, 2 missing/);
    const { runFolder } = await mergeRuns({ runs, outFolder: await outFolder(), partial: true });
    const partial = await report(runFolder);
    expect(partial.summary.notes.join('\n')).toMatch(/of 3 shards, 2 are missing/);
    await resumeRun({ runFolder, loadAgain: loadFakeAgain });
    const [rest, whole] = [await report(runFolder), await report(await runPart(undefined))];
    expect(rest.numbers).toEqual(whole.numbers);
    expect(rest.summary.digest).toBe(whole.summary.digest);
  });

  it('refuses shards that are of another study, given twice, overlapping, or no shards at all', async () => {
    const [[first, second], other, whole] = [
      await shards(2),
      await runPart('2/2', { ...study, seed: 5 }),
      await runPart(undefined),
    ];
    const merge = async (...runs: string[]) => mergeRuns({ runs, outFolder: await outFolder() });
    await expect(merge(first!, other)).rejects.toThrow(/differ in the study/);
    await expect(merge(first!, first!)).rejects.toThrow(/1\/2 more than once/);
    await expect(merge(whole, second!)).rejects.toThrow(/got a whole run/);
    const journal = join(second!, 'journal.jsonl');
    const foreign = (await readFile(join(first!, 'journal.jsonl'), 'utf8'))
      .split('\n')
      .find((line) => line.includes('"sample"'))!;
    await writeFile(journal, `${await readFile(journal, 'utf8')}${foreign}\n`);
    await expect(merge(first!, second!)).rejects.toThrow(/belongs to another/);
  });

  it('refuses shards of two precisions, and keeps what others of one precision were computed on', async () => {
    const runs = await shards(2);
    const float = { backend: 'native', adapter: 'one', precision: 'f32', rejected: [] };
    const half = { ...float, adapter: 'two', precision: 'bf16', beyondHalf: [{ network: 'npr.onnx', reason: 'far' }] };
    const writeRuntimes = async (...runtimes: object[]) => {
      for (const [place, runtime] of runtimes.entries()) {
        const path = join(runs[place]!, 'manifest.json');
        await writeFile(path, JSON.stringify({ ...JSON.parse(await readFile(path, 'utf8')), runtime }));
      }
    };
    await writeRuntimes(float, half);
    const out = await outFolder();
    await expect(mergeRuns({ runs, outFolder: out })).rejects.toThrow(
      /differ in the precision of networks \(f32 and bf16\)/,
    );
    await writeRuntimes({ ...half, adapter: 'one', beyondHalf: [] }, half);
    await mergeRuns({ runs, outFolder: out });
    const { runtime, laterRuntimes } = await readManifest(out);
    expect([runtime?.adapter, laterRuntimes]).toEqual(['one', [half]]);
  });

  it('refuses shards whose plugins listed other things, where both say what they listed', async () => {
    const runs = await shards(2);
    const path = join(runs[1]!, 'manifest.json');
    const whole = await readFile(path, 'utf8');
    const written = /"listDigest": "[0-9a-f]{64}",?/g;
    await writeFile(
      path,
      whole.replace(written, (line) => line.replace(/"[0-9a-f]{64}"/, `"${'0'.repeat(64)}"`)),
    );
    await expect(mergeRuns({ runs, outFolder: await outFolder() })).rejects.toThrow(/differ in .*prompt-set/);
    await writeFile(path, whole.replace(written, ''));
    await mergeRuns({ runs, outFolder: await outFolder() });
  });

  it('names the answer that two shards both give', async () => {
    const [first, second] = await shards(2);
    const journal = join(second!, 'journal.jsonl');
    const verdict = (await readFile(join(first!, 'journal.jsonl'), 'utf8'))
      .split('\n')
      .find((line) => line.includes('"verdict"'))!;
    await writeFile(journal, `${await readFile(journal, 'utf8')}${verdict}\n`);
    const out = await outFolder();
    await expect(mergeRuns({ runs: [first!, second!], outFolder: out })).rejects.toThrow(/both hold verdict by-digest \d+/);
    await expect(stat(out)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('refuses to leave an image behind', async () => {
    const [first, second] = await shards(2);
    await rm(join(second!, 'images'), { recursive: true });
    await expect(mergeRuns({ runs: [first!, second!], outFolder: await outFolder() })).rejects.toMatchObject({
      code: 'IMAGE_MISSING',
    });
  });

  it('shares the authentic images of a study without prompts of its own', async () => {
    const authenticOnly: Partial<StudyInput> = {
      ...study,
      promptSets: [],
      rewriter: undefined,
      levels: [0],
      generators: [{ use: 'none' }],
      protocols: ['as-received'],
      authenticSets: [{ use: 'camera', options: { count: 20 } }],
    };
    const [whole, parts] = [await runPart(undefined, authenticOnly), await shards(3, authenticOnly)];
    const scored = await Promise.all(
      parts.map(async (part) => (await readRecords(part)).filter(({ type }) => type === 'detection').length),
    );
    expect(scored.every((count) => count > 0 && count < 20)).toBe(true);
    const { runFolder } = await mergeRuns({ runs: parts, outFolder: await outFolder() });
    expect((await report(runFolder)).summary.digest).toBe((await report(whole)).summary.digest);
  });

  it('keeps the samples of an import that share a prompt in one shard', async () => {
    const imports: Partial<StudyInput> = {
      ...study,
      promptSets: [],
      rewriter: undefined,
      levels: [0],
      generators: [{ use: 'listed' }],
    };
    const [whole, parts] = [await runPart(undefined, imports), await shards(2, imports)];
    const clusters = await Promise.all(
      parts.map(
        async (part) =>
          new Set((await readRecords(part)).flatMap((record) => (record.type === 'sample' ? [record.cluster] : []))),
      ),
    );
    expect([...clusters[0]!].filter((cluster) => clusters[1]!.has(cluster))).toEqual([]);
    const { runFolder } = await mergeRuns({ runs: parts, outFolder: await outFolder() });
    expect((await report(runFolder)).summary.digest).toBe((await report(whole)).summary.digest);
    expect((await readManifest(runFolder)).planned.samples).toBe(12);
  });
});

describe('a shard on the command line', () => {
  it.each(['0/3', '4/3', '1', '1/0', 'a/b', '1/20000'])('is not %s', (text) => {
    expect(() => parseShard(text)).toThrow(expect.objectContaining({ code: 'USAGE' }));
  });
  it('counts from 1 and is kept from 0', () => {
    expect(parseShard('3/3')).toEqual({ index: 2, of: 3 });
  });
});
