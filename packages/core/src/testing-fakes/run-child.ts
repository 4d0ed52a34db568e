/**
 * Runs or resumes a study of fakes in a process of its own, to be killed: `run-child.ts RUN_FOLDER CALL_LOG EVENTS`.
 * Loads everything, tells `ready`, waits for `go`, and tells `now` after that many steps of progress.
 */
import { once } from 'node:events';
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { planRun } from '../plan/plan-run.ts';
import type { RunEvent } from '../run/progress.ts';
import { resumeRun, startRun } from '../run/start-run.ts';
import { parseStudyValue } from '../study/load-study.ts';
import { loadFakeAgain } from './fake-study.ts';
import { killStudy } from './kill-study.ts';

const [runFolder = '', callLog = '', events = '0'] = process.argv.slice(2);
process.send?.('ready');
await once(process, 'message');
let left = Number(events);
const onEvent = (event: RunEvent): void => {
  if (event.type === 'progress' && left-- === 0) process.send?.('now');
};
const isStarted = await access(join(runFolder, 'manifest.json')).then(
  () => true,
  () => false, // killed before the manifest was written
);
// Groups of 5 ms, so that a life of some ten milliseconds gets something done.
const watch = { onEvent, journal: { groupMs: 5 } };
if (isStarted) await resumeRun({ runFolder, loadAgain: loadFakeAgain, ...watch });
else {
  await using loaded = await loadFakeAgain(parseStudyValue(killStudy(callLog)), runFolder);
  await startRun({ loaded, plan: await planRun(loaded), runFolder, ...watch });
}
process.disconnect?.();
