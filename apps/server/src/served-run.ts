/** Opens runs and their files for a client. Folders are sent around and unpacked, and a link in one may lead anywhere: none is followed out of the runs folder. */
import { realpath } from 'node:fs/promises';
import { basename, join, sep } from 'node:path';
import { listRuns, openRun, type Run, readRegularText } from '@diptych/core';
import { DiptychError, type Manifest } from '@diptych/plugin-kit';
import { runId } from './routes/schemas.ts';

export async function openServedRun(runsFolder: string, id: string): Promise<Run> {
  await refuseLinks(runsFolder, id);
  return openRun(join(runsFolder, id));
}

async function refuseLinks(runsFolder: string, id: string): Promise<void> {
  await refuseOutside(runsFolder, id);
  await refuseOutside(join(runsFolder, id), 'manifest.json');
}

export interface ServedRun {
  readonly id: string;
  readonly manifest: Manifest;
}

/** The runs that `openServedRun` opens, newest name first. */
export async function listServedRuns(runsFolder: string): Promise<ServedRun[]> {
  const served = (await listRuns(runsFolder)).map(async ({ folder, manifest }) => {
    const id = basename(folder);
    if (manifest === undefined || !runId.safeParse(id).success) return undefined;
    const isLinked = await refuseLinks(runsFolder, id).then(
      () => false,
      () => true,
    );
    return isLinked ? undefined : { id, manifest };
  });
  return (await Promise.all(served)).filter((run) => run !== undefined);
}

/** The text of a file of the report. */
export async function readReportFile(runsFolder: string, id: string, name: string): Promise<string> {
  const run = await openServedRun(runsFolder, id); // RUN_NOT_FOUND before anything is read
  await refuseOutside(run.folder, join('report', name));
  try {
    return await readRegularText(join(run.folder, 'report', name));
  } catch (cause) {
    throw new DiptychError(
      'NOT_FOUND',
      `Expected report/${name} in run ${id}, found none. Write it with \`diptych report\`.`,
      { cause },
    );
  }
}

/** What does not exist leads nowhere; whoever reads it says so. */
async function refuseOutside(folder: string, path: string): Promise<void> {
  const [root, found] = await Promise.all([folder, join(folder, path)].map((one) => realpath(one).catch(() => undefined)));
  if (root === undefined || found === undefined || found.startsWith(root + sep)) return;
  throw new DiptychError(
    'PATH_OUTSIDE_ROOT',
    `Expected ${path} to lie in its folder, it is a link that leaves it. Copy what it leads to there.`,
  );
}
