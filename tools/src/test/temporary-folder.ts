/**
 * One folder for temporary files a run of Vitest, removed with whatever its tests, the programs that they start and those
 * that crash leave in it.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export default function ownTemporaryFolder(): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'diptych-vitest-'));
  // The names under which Unix and Windows look it up; the processes of the tests and their children inherit them.
  for (const name of ['TMPDIR', 'TEMP', 'TMP']) process.env[name] = folder;
  return () => rmSync(folder, { recursive: true, force: true });
}
