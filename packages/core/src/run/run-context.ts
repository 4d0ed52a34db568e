import { DiptychError, isDiptychError, type JournalRecord, recordSchema, type SampleRecord } from '@diptych/plugin-kit';
import type { ImageAnalyser } from '../images/analyse-image.ts';
import type { Journal } from '../journal/open-journal.ts';
import type { SeenRecords } from '../journal/seen-records.ts';
import type { Meters } from '../pacing/meter.ts';
import type { Shard } from '../plan/shard-plan.ts';
import type { LoadedStudy } from '../plugins/loaded-study.ts';
import { recordKey } from '../records/record-key.ts';
import type { ImageStore } from '../store/image-store.ts';
import { describeIssues } from '../text/describe-issues.ts';
import { faultOfRecord, type Progress, type ProgressKey, statusOf } from './progress.ts';
import type { PromptCosts } from './prompt-costs.ts';

/** What every phase of one running run shares. */
export interface RunContext {
  readonly loaded: LoadedStudy;
  readonly store: ImageStore;
  readonly journal: Journal;
  readonly journalPath: string;
  /** Files of images, relative to the run folder, that were missing or had other bytes when they were to be scored. */
  readonly changedImages: Set<string>;
  /** Which part of the study this run is; absent for a whole run. */
  readonly shard: Shard | undefined;
  /** Which work has a record. */
  readonly seen: SeenRecords;
  readonly progress: Progress;
  readonly analyser: ImageAnalyser;
  /** Pace and budget of every plugin. */
  readonly meters: Meters;
  /** What rewriting and rating cost, until a sample holds it. */
  readonly costs: PromptCosts;
  /** Aborted with an error of ours when the run must stop. */
  readonly signal: AbortSignal;
  /** Stops everything in flight; the first error given is what the run rejects with. */
  stop(error: unknown): void;
}

/** Which progress entry a record belongs to. */
export function progressKeyOf(record: JournalRecord): ProgressKey {
  switch (record.type) {
    case 'sample':
      return { phase: 'collect', plugin: record.generator };
    case 'authentic':
      return { phase: 'authentic', plugin: record.set };
    case 'verdict':
      return { phase: 'judge', plugin: record.judge };
    case 'detection':
      return { phase: 'detect', plugin: record.detector, protocol: record.protocol };
  }
}

/** US dollars that the record says it cost, without the prompt's share. */
export const costOfRecord = (record: JournalRecord): number => ('costUsd' in record ? (record.costUsd ?? 0) : 0);

/**
 * Waits for everything. The first fault stops the rest at once; a reached budget lets calls in flight end, since they
 * are paid for already.
 */
export async function settleAll(context: RunContext, works: readonly Promise<void>[]): Promise<void> {
  let reached: DiptychError | undefined;
  const onFault = (error: unknown): void => {
    if (isDiptychError(error) && error.code === 'BUDGET_REACHED') reached ??= error;
    else context.stop(error);
  };
  await Promise.allSettled(works.map((work) => work.catch(onFault)));
  context.signal.throwIfAborted();
  if (reached) throw reached;
}

/** Journals a record once; what does not match the schema is our bug, since plugin output was validated before. */
export async function keepRecord(context: RunContext, record: JournalRecord): Promise<void> {
  await keepFailing(context, record, record.type === 'authentic' ? record.key : undefined);
}

/** A sample that was imported. No other field says which file could not be read, where a table gives prompts their ids. */
export async function keepImported(context: RunContext, record: SampleRecord, file: string): Promise<void> {
  const reason = faultOfRecord(record);
  const named = reason === undefined ? record : { ...record, reason: `${reason.slice(0, 3700)} (${file.slice(0, 250)})` };
  await keepFailing(context, named, file, reason);
}

async function keepFailing(
  context: RunContext,
  record: JournalRecord,
  item: string | undefined,
  fault: string | undefined = faultOfRecord(record),
): Promise<void> {
  const parsed = recordSchema.safeParse(record);
  if (!parsed.success) {
    throw new DiptychError(
      'INVARIANT_BROKEN',
      `Expected a ${record.type} record of ${progressKeyOf(record).plugin} that matches its schema: ${describeIssues(parsed.error)}. Please report it, with the plugin.`,
    );
  }
  const { group, index } = recordKey(record);
  if (!context.seen.add(group, index)) return;
  await context.journal.append(record);
  const key = progressKeyOf(record);
  if (fault !== undefined) context.progress.fault(key, fault, item);
  context.progress.finish(key, statusOf(record), { costUsd: costOfRecord(record), reason: faultOfRecord(record) });
}

/** Cuts a text to what its record field holds and takes secrets out. */
export const cleanText = (loaded: LoadedStudy, text: string, limit = 4000): string => loaded.redact(text).slice(0, limit);
