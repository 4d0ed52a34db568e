import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { compareRuns } from '../compare/compare-runs.ts';
import { mergeRuns } from '../merge/merge-runs.ts';
import { planRun } from '../plan/plan-run.ts';
import { analyse } from '../report/analyse.ts';
import { readManifest } from '../run/manifest.ts';
import { openRun } from '../run/open-run.ts';
import { extendRun, resumeRun, startRun } from '../run/start-run.ts';
import { readRecords, samplesOf, temporaryFolder } from './fake-study.ts';
import { copyOlderRun, loadOlder as loadAgain, loadOlderStudy } from './older-runs.ts';

const journalOf = (runFolder: string): Promise<string> => readFile(join(runFolder, 'journal.jsonl'), 'utf8');
const reportedDigest = async (runFolder: string): Promise<string> =>
  (JSON.parse(await readFile(join(runFolder, 'report/metrics.json'), 'utf8')) as { summary: { digest: string } }).summary
    .digest;

async function digestOf(runFolder: string): Promise<string> {
  const run = await openRun(runFolder);
  return (await analyse(run.manifest, run.records())).summary.digest;
}

async function runAgain(): Promise<string> {
  const runFolder = join(await temporaryFolder(), 'again');
  await using loaded = await loadOlderStudy(runFolder);
  await startRun({ loaded, plan: await planRun(loaded), runFolder });
  return runFolder;
}

describe('a run of format 1', () => {
  it('is read with the present name of its features, and keeps the digest that its report states', async () => {
    const runFolder = await copyOlderRun('whole');
    const before = await journalOf(runFolder);
    const records = await readRecords(runFolder);
    const features = records.filter((record) => record.type === 'detection' && record.status === 'features');
    expect(features).toHaveLength(before.split('"measured"').length - 1);
    expect(features.length).toBeGreaterThan(100);
    expect(await digestOf(runFolder)).toBe(await reportedDigest(runFolder));
    expect(await journalOf(runFolder)).toBe(before);
  });

  it('is resumed in format 1 and ends with the digest that it had', async () => {
    const runFolder = await copyOlderRun('whole');
    const lines = (await journalOf(runFolder)).trimEnd().split('\n');
    await writeFile(join(runFolder, 'journal.jsonl'), `${lines.slice(0, 50).join('\n')}\n`);
    await resumeRun({ runFolder, loadAgain });
    expect((await readManifest(runFolder)).format).toBe(1);
    const after = await journalOf(runFolder);
    expect(after.trimEnd().split('\n')).toHaveLength(lines.length);
    expect(after).not.toContain('"features",');
    expect(await digestOf(runFolder)).toBe(await reportedDigest(runFolder));
  });

  it('is written again in format 1 where an image is missing from its store', async () => {
    const runFolder = await copyOlderRun('whole');
    const { image } = samplesOf(await readRecords(runFolder)).find(({ outcome }) => outcome === 'image')!;
    await rm(join(runFolder, 'images', image!.sha256.slice(0, 2)), { recursive: true });
    await resumeRun({ runFolder, loadAgain });
    expect(await journalOf(runFolder)).not.toContain('"features",');
    expect(await digestOf(runFolder)).toBe(await reportedDigest(runFolder));
  });

  it('gets further scores in format 1', async () => {
    const runFolder = await copyOlderRun('whole');
    const before = await journalOf(runFolder);
    await extendRun({ runFolder, loadAgain, protocols: ['blur-1'] });
    const added = (await journalOf(runFolder)).slice(before.length);
    expect(added).toContain('"protocol":"blur-1"');
    expect(added).toContain('"status":"measured"');
    expect(added).not.toContain('"status":"features"');
  });

  it('is the same as its shards merged', async () => {
    const outFolder = join(await temporaryFolder(), 'merged');
    await mergeRuns({ runs: await Promise.all([copyOlderRun('shard-1'), copyOlderRun('shard-2')]), outFolder });
    expect((await readManifest(outFolder)).format).toBe(1);
    expect(await digestOf(outFolder)).toBe(await reportedDigest(await copyOlderRun('whole')));
  });

  it('is compared with a run of the present format, which found the same', async () => {
    const [first, second] = [await copyOlderRun('whole'), await runAgain()];
    expect((await readManifest(second)).format).toBe(2);
    expect(await journalOf(second)).toContain('"status":"features"');
    const { rows } = await compareRuns(await openRun(first), await openRun(second));
    expect(rows.length).toBeGreaterThan(10);
    expect(rows.filter(({ difference }) => difference !== null && difference !== 0)).toEqual([]);
  });

  it('is not merged with a shard of another format', async () => {
    const shards = [await copyOlderRun('shard-1'), await copyOlderRun('shard-2')];
    const path = join(shards[1]!, 'manifest.json');
    await writeFile(path, (await readFile(path, 'utf8')).replace('"format": 1', '"format": 2'));
    await expect(mergeRuns({ runs: shards, outFolder: join(await temporaryFolder(), 'merged') })).rejects.toMatchObject({
      code: 'MERGE_REFUSED',
      message: expect.stringContaining('the run format (1 and 2)'),
    });
  });
});
