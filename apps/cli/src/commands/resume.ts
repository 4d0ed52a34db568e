/** `diptych resume`: continues an interrupted run; nothing that has a record is repeated. */
import { type RunOptions, resumeStudy } from '../run-study.ts';

export default async function resume(runFolder: string, options: RunOptions): Promise<void> {
  await resumeStudy(runFolder, options);
}
