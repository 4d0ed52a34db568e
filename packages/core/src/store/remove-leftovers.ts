import { opendir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCode } from '../text/describe-error.ts';

/** As `writeDurably` and the rewriting of a journal name what they have not finished: by process and number. */
const ofRun = /^(?:manifest\.json|journal\.jsonl)\.\d+(?:-\d+)?\.tmp$/;
const ofImage = /^[0-9a-f]{64}\.\w+\.\d+-\d+\.tmp$/;
const shardName = /^[0-9a-f]{2}$/;

/**
 * Deletes what a killed process left half written in a run folder. Nobody else may write in it meanwhile: the caller holds
 * its lock. Gives the number of files.
 */
export async function removeLeftovers(runFolder: string): Promise<number> {
  let removed = await removeMatching(runFolder, ofRun);
  const images = join(runFolder, 'images');
  for await (const shard of entriesOf(images))
    if (shard.isDirectory() && shardName.test(shard.name))
      removed += await removeMatching(join(images, shard.name), ofImage);
  return removed;
}

async function removeMatching(folder: string, pattern: RegExp): Promise<number> {
  let removed = 0;
  for await (const entry of entriesOf(folder)) {
    if (!entry.isFile() || !pattern.test(entry.name)) continue;
    await rm(join(folder, entry.name), { force: true });
    removed += 1;
  }
  return removed;
}

/** None where the folder is not there yet. */
async function* entriesOf(folder: string) {
  try {
    yield* await opendir(folder, { bufferSize: 1024 });
  } catch (error) {
    if (systemCode(error) !== 'ENOENT' && systemCode(error) !== 'ENOTDIR') throw error;
  }
}
