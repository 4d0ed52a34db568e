/** What `run`, `resume` and `demo` share: run with progress, then write and show the report. */
import { join } from 'node:path';
import {
  imagesChanged,
  type LoadedStudy,
  openRun,
  planRun,
  type ReportFormat,
  type RunPlan,
  type RunSummary,
  readManifest,
  resumeRun,
  type Shard,
  shardPlan,
  shellQuoted,
  startRun,
  writeReport,
} from '@diptych/core';
import { exitCodeOfError, type Study } from '@diptych/plugin-kit';
import { renderBriefSummary } from './output/brief-summary.ts';
import { renderFullSummary } from './output/full-summary.ts';
import { pluginsFailed } from './output/plugins-failed.ts';
import { createProgress } from './output/progress.ts';
import { reportError } from './output/report-error.ts';
import { note, type OutputOptions, printResult } from './output/result.ts';

import { interruptSignal } from './signals.ts';
import { loadStudyPlugins, type WireOptions } from './wire.ts';

export interface ReportOptions extends OutputOptions {
  /** Everything of the report in the terminal. */
  readonly full?: boolean;
}

export interface RunOptions extends ReportOptions, WireOptions {
  /** US dollars; replaces the study's. */
  readonly budget?: number;
  /** False with --no-report. */
  readonly report?: boolean;
}

export interface RunStudyOptions {
  readonly study: Study;
  readonly baseFolder: string;
  readonly runFolder: string;
  readonly id: string;
  readonly options: RunOptions;
  /** Do this part of the study only. */
  readonly shard?: Shard;
  /** Throws where the run should not start; called once everything is planned. */
  readonly check?: (loaded: LoadedStudy, plan: RunPlan) => void;
}

export async function runStudy({ study, baseFolder, runFolder, id, options, shard, check }: RunStudyOptions): Promise<void> {
  await watched(options, async ({ signal, onEvent }) => {
    await using loaded = await loadStudyPlugins(study, baseFolder, options);
    const whole = await planRun(loaded, signal);
    check?.(loaded, whole);
    const plan = shard ? shardPlan(whole, shard) : whole;
    if (!options.json) note(`Run ${id}: ${plan.samples} samples and ${plan.authentic.length} authentic images`);
    // Awaited here: `loaded` is disposed of when this function returns.
    return await startRun({ loaded, plan, runFolder, id, signal, onEvent, ...budgetOf(options) });
  });
}

/** On the backend of the run, and as precise, unless the user names another; core refuses another precision. */
export async function resumeStudy(runFolder: string, given: RunOptions): Promise<void> {
  const { runtime } = await readManifest(runFolder);
  const backend = given.backend ?? (process.env['DIPTYCH_BACKEND'] ? undefined : runtime?.backend);
  const precision = given.precision ?? runtime?.precision;
  const options: RunOptions = { ...given, ...(backend && { backend }), ...(precision && { precision }) };
  await watched(options, ({ signal, onEvent }) =>
    resumeRun({
      runFolder,
      signal,
      onEvent,
      ...budgetOf(options),
      loadAgain: (study, baseFolder) => loadStudyPlugins(study, baseFolder, options),
    }),
  );
}

const budgetOf = ({ budget }: RunOptions): { budgetUsd?: number } => (budget === undefined ? {} : { budgetUsd: budget });

type Watch = { readonly signal: AbortSignal; readonly onEvent: ReturnType<typeof createProgress>['onEvent'] };

/** Runs `work` with progress and clean interruption, then reports on the run it made. */
export async function watched(options: RunOptions, work: (watch: Watch) => Promise<RunSummary>): Promise<void> {
  const interrupt = interruptSignal();
  const progress = createProgress(options.progress ?? 'auto');
  let summary: RunSummary;
  try {
    summary = await work({ signal: interrupt.signal, onEvent: progress.onEvent });
  } finally {
    progress.finish();
    interrupt.release();
  }
  if (options.report === false) {
    printResult(
      options,
      { id: summary.id, runFolder: summary.runFolder, parts: summary.parts, ...endingOf(summary) },
      () => `Finished ${summary.runFolder}. Write its report with \`diptych report ${shellQuoted(summary.runFolder)}\`.`,
    );
  } else await reportRun(summary.runFolder, options, endingOf(summary));
  endWith(summary, options);
}

type Ending = Pick<RunSummary, 'failed' | 'changedImages'>;
const endingOf = ({ failed, changedImages }: RunSummary): Ending => ({ failed, changedImages });

/** The result is printed by now, and holds `failed` and `changedImages`: with --json stdout is one document, and the exit code says the rest. */
function endWith({ failed, changedImages, runFolder }: RunSummary, { json }: RunOptions): void {
  const errors = [
    ...(failed.length > 0 ? [pluginsFailed(failed, runFolder)] : []),
    ...(changedImages.length > 0 ? [imagesChanged(changedImages)] : []),
  ];
  for (const error of errors) process.exitCode = json ? exitCodeOfError(error) : reportError(error, false);
}

/** Computes the metrics of a run, writes its report and prints the tables. */
export async function reportRun(
  runFolder: string,
  options: ReportOptions & { readonly formats?: readonly ReportFormat[] },
  ending?: Ending,
): Promise<void> {
  const { renderReport, renderFigures } = await import('@diptych/web');
  const run = await openRun(runFolder);
  const { model, files } = await writeReport(run, {
    renderHtml: renderReport,
    renderFigures,
    ...(options.formats && { formats: options.formats }),
  });
  const shown = files.find((file) => file.endsWith('.html')) ?? join(run.folder, 'report');
  printResult(
    options,
    { id: run.id, runFolder: run.folder, files, ...ending, numbers: model.numbers, claims: model.claims },
    () => (options.full ? `${renderFullSummary(model)}\n\nReport: ${shown}` : renderBriefSummary(model, run.folder, shown)),
  );
}
