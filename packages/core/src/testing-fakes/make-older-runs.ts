/**
 * Writes the runs of `__fixtures__/run-format-1`: one whole with its report, and the same study in two shards. Made once, at commit
 * 65da5c74, with `node packages/core/src/testing-fakes/make-older-runs.ts FOLDER`: later code writes a later format. To make
 * them again, check that commit out, copy this file and `older-runs.ts` into it, and write `measured` for `features` there.
 */
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { planRun } from '../plan/plan-run.ts';
import { parseShard, shardPlan } from '../plan/shard-plan.ts';
import { writeReport } from '../report/write-report.ts';
import { openRun } from '../run/open-run.ts';
import { startRun } from '../run/start-run.ts';
import { loadOlderStudy } from './older-runs.ts';

/** The report's tables follow from `metrics.json`. */
async function keepMetricsOnly(runFolder: string): Promise<void> {
  const names = await readdir(join(runFolder, 'report'));
  for (const name of names) if (name !== 'metrics.json') await rm(join(runFolder, 'report', name));
}

const [folder] = process.argv.slice(2);
if (folder === undefined) throw new Error('Give the folder in which the runs are made.');
for (const [id, shard] of [['whole'], ['shard-1', '1/2'], ['shard-2', '2/2']] as const) {
  await using loaded = await loadOlderStudy(folder);
  const whole = await planRun(loaded);
  const plan = shard === undefined ? whole : shardPlan(whole, parseShard(shard));
  const runFolder = join(folder, id);
  await startRun({ loaded, plan, runFolder });
  if (shard !== undefined) continue;
  await writeReport(await openRun(runFolder));
  await keepMetricsOnly(runFolder);
}
