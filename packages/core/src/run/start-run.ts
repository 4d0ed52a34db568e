import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { DiptychError, type Manifest, type PluginUse, type Protocol, type Study } from '@diptych/plugin-kit';
import type { JournalOptions } from '../journal/open-journal.ts';
import { planRun } from '../plan/plan-run.ts';
import type { RunPlan } from '../plan/run-plan.ts';
import { shardPlan } from '../plan/shard-plan.ts';
import type { LoadedStudy } from '../plugins/loaded-study.ts';
import { canonicalJson } from '../text/canonical-json.ts';
import { describeError, systemCode } from '../text/describe-error.ts';
import { executeRun, type RunSummary } from './execute-run.ts';
import { acquireLock } from './lock.ts';
import {
  checkUnchanged,
  createManifest,
  readManifest,
  recordedRuntime,
  studyDigest,
  studyFromManifest,
  withRuntime,
  writeManifest,
} from './manifest.ts';
import type { OnRunEvent } from './progress.ts';
import { studyOfScorers } from './study-of-scorers.ts';

interface Watch {
  /** US dollars that the whole run may cost, in place of the study's `limits.budgetUsd`; the study stays as it is. */
  readonly budgetUsd?: number;
  readonly signal?: AbortSignal;
  readonly onEvent?: OnRunEvent;
  /** Tests hand in a journal that fails. */
  readonly journal?: JournalOptions;
}
/** Loads the plugins of a study that a manifest recorded; the app supplies registry, runtime and weights. */
export type LoadAgain = (study: Study, baseFolder: string) => Promise<LoadedStudy>;

/** `2026-03-01t12-30-05-name-1a2b`: sorts by time, safe as a folder name. */
export function newRunId(studyName: string, now: Date = new Date()): string {
  const time = now.toISOString().slice(0, 19).replaceAll(':', '-').toLowerCase();
  return `${time}-${studyName}-${randomBytes(2).toString('hex')}`;
}

export interface StartOptions extends Watch {
  readonly loaded: LoadedStudy;
  readonly plan: RunPlan;
  /** The folder of this run, such as `runs/<id>`; made when absent. */
  readonly runFolder: string;
  /** The folder's name where absent. */
  readonly id?: string;
}

/**
 * Collects, judges and detects everything in the plan. The manifest is on the disk before the first call.
 * Rejects with RUN_EXISTS, RUN_LOCKED, STORE_WRITE_FAILED, INTERRUPTED, or DEVICE_LOST.
 */
export async function startRun(options: StartOptions): Promise<RunSummary> {
  const { loaded, plan } = options;
  const runFolder = resolve(options.runFolder);
  await mkdir(runFolder, { recursive: true }).catch((cause: unknown) => {
    throw new DiptychError(
      'STORE_WRITE_FAILED',
      `Expected to make ${runFolder}, got: ${describeError(cause)}. Choose another folder.`,
      { cause },
    );
  });
  return withLock(runFolder, async () => {
    if (await isRun(runFolder))
      throw new DiptychError('RUN_EXISTS', `Expected no run in ${runFolder}, found one. Resume it, or choose another id.`);
    const manifest = createManifest(options.id ?? basename(runFolder), loaded, plan, runFolder);
    await writeManifest(runFolder, manifest);
    return await executeRun({ runFolder, manifest, loaded, plan, protocols: loaded.study.protocols, ...watchOf(options) });
  });
}

export interface ResumeOptions extends Watch {
  readonly runFolder: string;
  readonly loadAgain: LoadAgain;
}

/** Finishes a stopped run; repeats nothing that has a record. Rejects with RUN_CHANGED when its plugins or inputs differ. */
export async function resumeRun(options: ResumeOptions): Promise<RunSummary> {
  const runFolder = resolve(options.runFolder);
  const { study, baseFolder } = studyFromManifest(await readManifest(runFolder), runFolder);
  return withLock(runFolder, async () => {
    const before = await readManifest(runFolder);
    await using loaded = await options.loadAgain(study, baseFolder);
    const whole = await planRun(loaded, options.signal);
    const plan = before.shard ? shardPlan(whole, before.shard) : whole;
    checkUnchanged(before, plan, recordedRuntime(loaded));
    const manifest = withRuntime(before, loaded);
    if (manifest !== before) await writeManifest(runFolder, manifest);
    return await executeRun({ runFolder, manifest, loaded, plan, protocols: study.protocols, ...watchOf(options) });
  });
}

export interface ExtendOptions extends Watch {
  readonly runFolder: string;
  readonly loadAgain: LoadAgain;
  readonly safetyJudges?: readonly PluginUse[];
  readonly detectors?: readonly PluginUse[];
  /** With no detectors named, the run's own are run under these. */
  readonly protocols?: readonly Protocol[];
}

/** Runs more judges or detectors over what a run collected. Generators, prompts and keys are not needed. */
export async function extendRun(options: ExtendOptions): Promise<RunSummary> {
  const runFolder = resolve(options.runFolder);
  await readManifest(runFolder);
  return withLock(runFolder, async () => {
    const before = await readManifest(runFolder);
    const { study, baseFolder } = studyFromManifest(before, runFolder);
    const { safetyJudges = [], detectors = [], protocols = [] } = options;
    const useOwnDetectors = protocols.length > 0 && detectors.length === 0;
    const scorers = studyOfScorers({ study, safetyJudges, detectors: useOwnDetectors ? study.detectors : detectors });
    await using loaded = await options.loadAgain(scorers, baseFolder);
    const manifest = extendManifest(before, loaded, { safetyJudges, detectors, protocols });
    await writeManifest(runFolder, manifest);
    return await executeRun({
      runFolder,
      manifest,
      loaded,
      protocols: protocols.length > 0 ? protocols : study.protocols,
      ...watchOf(options),
    });
  });
}

function extendManifest(
  before: Manifest,
  loaded: LoadedStudy,
  added: Pick<ExtendOptions, 'safetyJudges' | 'detectors' | 'protocols'>,
): Manifest {
  const plugins = [...before.plugins];
  for (const entry of loaded.resolved) {
    const known = plugins.find(({ kind, as }) => kind === entry.kind && as === entry.as);
    if (!known) plugins.push(entry);
    else if (known.name !== entry.name || canonicalJson(known.options) !== canonicalJson(entry.options)) {
      throw new DiptychError(
        'STUDY_INVALID',
        `Expected a new name, the run has another ${entry.kind} ${entry.as} already. Give this one a name with \`as\`.`,
      );
    }
  }
  const merge = (uses: readonly PluginUse[], more: readonly PluginUse[] = []): PluginUse[] => {
    const have = new Set(uses.map((use) => canonicalJson(use)));
    return [...uses, ...more.filter((use) => !have.has(canonicalJson(use)))];
  };
  const { study } = before;
  const extended: Study = {
    ...study,
    safetyJudges: merge(study.safetyJudges, added.safetyJudges),
    detectors: merge(study.detectors, added.detectors),
    protocols: [...new Set([...study.protocols, ...(added.protocols ?? [])])],
  };
  return { ...withRuntime(before, loaded), study: extended, studyDigest: studyDigest(extended), plugins };
}

async function withLock<T>(runFolder: string, work: () => Promise<T>): Promise<T> {
  const lock = await acquireLock(runFolder);
  try {
    return await work();
  } finally {
    await lock.release();
  }
}

async function isRun(runFolder: string): Promise<boolean> {
  try {
    await readManifest(runFolder);
    return true;
  } catch (error) {
    if (error instanceof DiptychError && error.code === 'RUN_NOT_FOUND' && systemCode(error.cause) === 'ENOENT')
      return false;
    throw error;
  }
}

const watchOf = ({ budgetUsd, signal, onEvent, journal }: Watch): Watch => ({
  ...(budgetUsd === undefined ? {} : { budgetUsd }),
  ...(signal ? { signal } : {}),
  ...(onEvent ? { onEvent } : {}),
  ...(journal ? { journal } : {}),
});
