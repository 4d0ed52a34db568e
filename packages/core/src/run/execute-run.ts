/** Runs the phases of a run folder that this process has locked, and leaves the journal whole however it ends. */
import { join } from 'node:path';
import { DiptychError, type Manifest, type Protocol } from '@diptych/plugin-kit';
import { createImageAnalyser } from '../images/analyse-image.ts';
import { type JournalOptions, openJournal } from '../journal/open-journal.ts';
import { readJournalBatches } from '../journal/read-journal.ts';
import { SeenRecords } from '../journal/seen-records.ts';
import { Budget } from '../pacing/budget.ts';
import { Meters } from '../pacing/meter.ts';
import { unpricedPlugins } from '../plan/estimate-plan.ts';
import type { RunPlan } from '../plan/run-plan.ts';
import type { LoadedStudy } from '../plugins/loaded-study.ts';
import { prototypeFault } from '../plugins/prototype-guard.ts';
import { recordKey } from '../records/record-key.ts';
import { createImageStore } from '../store/image-store.ts';
import { removeLeftovers } from '../store/remove-leftovers.ts';
import { codeOfReason } from '../text/describe-error.ts';
import { redactError } from '../text/redact-error.ts';
import { shellQuoted } from '../text/shell-quoted.ts';
import { collectSamples, type PromptSources } from './collect-samples.ts';
import { dropMissingImages } from './drop-missing-images.ts';
import { importAuthentic } from './import-authentic.ts';
import { type FailedPart, faultOfRecord, type OnRunEvent, Progress, statusOf } from './progress.ts';
import { PromptCosts } from './prompt-costs.ts';
import { createPromptFacts } from './prompt-facts.ts';
import { createRewrittenPrompts } from './rewritten-prompts.ts';
import { costOfRecord, progressKeyOf, type RunContext } from './run-context.ts';
import { detectRun, judgeRun } from './score-run.ts';
import { watchStrays } from './stray-errors.ts';

export interface ExecuteOptions {
  readonly runFolder: string;
  readonly manifest: Manifest;
  readonly loaded: LoadedStudy;
  /** Absent when only judges and detectors run over what was collected. */
  readonly plan?: RunPlan;
  readonly protocols: readonly Protocol[];
  /** Replaces the study's `limits.budgetUsd` for this process; the study stays as it is. */
  readonly budgetUsd?: number;
  readonly signal?: AbortSignal;
  readonly onEvent?: OnRunEvent;
  /** Tests hand in a journal that fails. */
  readonly journal?: JournalOptions;
}

export interface RunSummary {
  readonly id: string;
  readonly runFolder: string;
  readonly manifest: Manifest;
  /** Counts by phase, plugin and protocol. */
  readonly parts: ReturnType<Progress['summary']>;
  /** Plugins that failed on everything that they were given. The run is whole, and its report says nothing of them. */
  readonly failed: readonly FailedPart[];
  /** Files, relative to the run folder, that no plugin was given: they are missing, or their bytes are not those that were stored. */
  readonly changedImages: readonly string[];
}

/** Rejects with INTERRUPTED when the signal is aborted; what was finished is kept. */
export async function executeRun(options: ExecuteOptions): Promise<RunSummary> {
  const { runFolder, manifest, loaded, plan } = options;
  const controller = new AbortController();
  const stop = (error: unknown): void => {
    if (!controller.signal.aborted) controller.abort(error);
  };
  const { signal } = controller;
  const onAbort = (): void => stop(interrupted(runFolder));
  options.signal?.addEventListener('abort', onAbort, { once: true });
  if (options.signal?.aborted) onAbort();
  const journalPath = join(runFolder, 'journal.jsonl');
  const store = createImageStore(join(runFolder, 'images'));
  const progress = new Progress(options.onEvent);
  const strays = watchStrays((plugin, message) => progress.warn(plugin, message), { stop });
  let journal: Awaited<ReturnType<typeof openJournal>> | undefined;
  try {
    await removeLeftovers(runFolder);
    const { format } = manifest;
    await dropMissingImages(journalPath, store, format);
    journal = await openJournal(journalPath, { ...options.journal, format });
    const analyser = createImageAnalyser(loaded.study.limits);
    const seen = new SeenRecords();
    const { shard } = manifest;
    const budget = new Budget(options.budgetUsd ?? loaded.study.limits.budgetUsd, runFolder);
    const meters = new Meters(budget);
    const costs = new PromptCosts();
    const context: RunContext = {
      loaded,
      shard,
      store,
      journal,
      journalPath,
      changedImages: new Set(),
      seen,
      progress,
      analyser,
      meters,
      costs,
      signal,
      stop,
    };
    const sources = { prompts: createRewrittenPrompts(context), facts: createPromptFacts(context) };
    await restore(context, sources);
    if (budget.isLimited) warnOfUnpriced(context);
    await runPhases(context, { plan, protocols: options.protocols, sources });
    await journal.flush();
    return summaryOf(context, options);
  } catch (error) {
    stop(prototypeFault('one of the plugins') ?? error);
    throw redactError(signal.reason, loaded.redact);
  } finally {
    options.signal?.removeEventListener('abort', onAbort);
    await closeQuietly(journal);
    await strays.end();
  }
}

function summaryOf(context: RunContext, { runFolder, manifest }: ExecuteOptions): RunSummary {
  return {
    id: manifest.id,
    runFolder,
    manifest,
    parts: context.progress.summary(),
    failed: failedParts(context),
    changedImages: [...context.changedImages].sort(),
  };
}

/** A table may say that its samples ended in errors: that is what it is for, and no fault of the import. */
function failedParts({ progress, loaded }: RunContext): FailedPart[] {
  const imports = new Set(loaded.generators.filter(({ mode }) => mode === 'existing').map(({ alias }) => alias));
  const isOfTable = ({ phase, plugin, reason }: FailedPart): boolean =>
    phase === 'collect' && imports.has(plugin) && codeOfReason(reason) === undefined;
  return progress.failed().filter((part) => !isOfTable(part));
}

const interrupted = (runFolder: string): DiptychError =>
  new DiptychError(
    'INTERRUPTED',
    `The run was stopped; finished samples are kept. Continue it with: diptych resume ${shellQuoted(runFolder)}`,
    { details: { runFolder } },
  );

/** A journal that failed before has thrown its fault already; closing it must not hide that one. */
async function closeQuietly(journal: (AsyncDisposable & { close(): Promise<void> }) | undefined): Promise<void> {
  await journal?.close().catch((error: unknown) => {
    if (!(error instanceof DiptychError)) throw error;
  });
}

interface Phases {
  readonly plan: RunPlan | undefined;
  readonly protocols: readonly Protocol[];
  readonly sources: PromptSources;
}

async function runPhases(context: RunContext, { plan, protocols, sources }: Phases): Promise<void> {
  const phase = async (name: 'collect' | 'authentic' | 'judge' | 'detect', work: () => Promise<void>): Promise<void> => {
    context.signal.throwIfAborted();
    context.progress.startPhase(name);
    await work();
    await context.journal.flush();
  };
  if (plan) {
    await phase('collect', () => collectSamples(context, plan, sources));
    await phase('authentic', () => importAuthentic(context, plan));
  }
  await phase('judge', () => judgeRun(context, context.loaded.judges));
  await phase('detect', () => detectRun(context, context.loaded.detectors, protocols));
}

/** Takes over what earlier processes finished. */
async function restore(
  { journalPath, seen, progress, meters }: RunContext,
  { prompts, facts }: PromptSources,
): Promise<void> {
  for await (const { records } of readJournalBatches(journalPath, { validation: 'fast' })) {
    for (const record of records) {
      const { group, index } = recordKey(record);
      if (!seen.add(group, index)) continue;
      const about = { costUsd: costOfRecord(record), reason: faultOfRecord(record) };
      progress.restore(progressKeyOf(record), statusOf(record), about);
      meters.budget.restore(costOfRecord(record));
      if (record.type !== 'sample') continue;
      prompts.restore(record);
      facts.restore(record);
      for (const [plugin, costUsd] of Object.entries(record.promptCostsUsd ?? {})) {
        meters.budget.restore(costUsd);
        progress.restoreCost({ phase: 'prompts', plugin: plugin.slice(plugin.indexOf('/') + 1) }, costUsd);
      }
    }
  }
}

/** A budget cannot hold back what has no price; what such a plugin says it cost is counted after the call. */
function warnOfUnpriced({ loaded, progress }: RunContext): void {
  for (const alias of unpricedPlugins(loaded))
    progress.warn(alias, 'has no price, so the budget does not hold its calls back; costs that it tells are counted.');
}
