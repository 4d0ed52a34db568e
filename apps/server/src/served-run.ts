/** Opens runs and their files for a client. Folders are sent around and unpacked, and a link in one may lead anywhere: none is followed out of the runs folder. */
import { realpath } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { openRun, type Run, readRegularText } from '@diptych/core';
import { DiptychError } from '@diptych/plugin-kit';

export async function openServedRun(runsFolder: string, id: string): Promise<Run> {
  await refuseOutside(runsFolder, id);
  await refuseOutside(join(runsFolder, id), 'manifest.json');
  return openRun(join(runsFolder, id));
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
