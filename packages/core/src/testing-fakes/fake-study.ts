import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JournalRecord, SampleRecord, Study, StudyInput } from '@diptych/plugin-kit';
import { planRun } from '../plan/plan-run.ts';
import { loadPlugins } from '../plugins/load-plugins.ts';
import type { LoadedStudy } from '../plugins/loaded-study.ts';
import { openRun } from '../run/open-run.ts';
import { type StartOptions, startRun } from '../run/start-run.ts';
import { parseStudyValue } from '../study/load-study.ts';
import { serviceRegistry } from './service-plugins.ts';

export const temporaryFolder = (): Promise<string> => mkdtemp(join(tmpdir(), 'diptych-core-'));

export const loadFakeStudy = (input: Partial<StudyInput>, baseFolder = tmpdir()): Promise<LoadedStudy> =>
  loadFakeAgain(parseStudyValue({ name: 'fake', promptSets: ['counted'], generators: ['fake'], ...input }), baseFolder);

/** As an app's `loadAgain`: a study of a manifest, or one of judges and detectors only. */
export const loadFakeAgain = (study: Study, baseFolder: string): Promise<LoadedStudy> =>
  loadPlugins({ study, baseFolder, registry: serviceRegistry, environment: {} });

export async function runFakeStudy(
  input: Partial<StudyInput>,
  options: Partial<StartOptions> = {},
): Promise<{ runFolder: string; records: JournalRecord[] }> {
  await using loaded = await loadFakeStudy(input);
  const plan = await planRun(loaded);
  const runFolder = options.runFolder ?? join(await temporaryFolder(), 'run');
  await startRun({ loaded, plan, runFolder, ...options });
  return { runFolder, records: await readRecords(runFolder) };
}

export async function readRecords(runFolder: string): Promise<JournalRecord[]> {
  const run = await openRun(runFolder);
  const records: JournalRecord[] = [];
  for await (const record of run.records()) records.push(record);
  return records;
}

export const samplesOf = (records: readonly JournalRecord[]): SampleRecord[] =>
  records.filter((record) => record.type === 'sample');

/** Limits that let a test wait for time-outs and repeats. */
export const quick = { callTimeoutMs: 200, attempts: 3, backoffMs: 1 };

/** A study of the fake generator alone that behaves so. */
export const generator = (behaviour: string, more: Record<string, unknown> = {}): Partial<StudyInput> => ({
  generators: [{ use: 'fake', options: { behaviour, ...more } }],
  limits: quick,
});
