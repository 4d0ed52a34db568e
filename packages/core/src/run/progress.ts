import { isFailed, type JournalRecord, type Protocol } from '@diptych/plugin-kit';

/** `prompts` runs within `collect`: prompts are rewritten and rated when they are first drawn. */
export type Phase = 'prompts' | 'collect' | 'authentic' | 'judge' | 'detect';

/** What a run tells while it works. Sent often; the consumer throttles. */
export type RunEvent =
  | { readonly type: 'phase'; readonly phase: Phase }
  | {
      readonly type: 'progress';
      readonly phase: Phase;
      /** Alias of the generator, set, judge or detector. */
      readonly plugin: string;
      readonly protocol?: Protocol;
      /** Including what an earlier process did. */
      readonly done: number;
      readonly total: number;
      readonly inFlight: number;
      readonly retries: number;
      /** US dollars of what is done; 0 where nobody says a cost. */
      readonly costUsd: number;
      /** Outcomes of samples, or statuses of verdicts and detections, by name. */
      readonly outcomeCounts: Readonly<Record<string, number>>;
    }
  | { readonly type: 'warning'; readonly plugin: string; readonly message: string };
export type OnRunEvent = (event: RunEvent) => void;

/** What a record adds to its plugin's counts. */
export function statusOf(record: JournalRecord): string {
  if (record.type === 'sample') return record.outcome;
  if (record.type === 'authentic') return record.image ? 'image' : 'error';
  return record.status;
}

export interface ProgressKey {
  readonly phase: Phase;
  readonly plugin: string;
  readonly protocol?: Protocol;
}

interface Entry {
  readonly key: ProgressKey;
  total: number;
  done: number;
  inFlight: number;
  retries: number;
  costUsd: number;
  readonly outcomes: Map<string, number>;
  readonly faults: Set<string>;
  firstFault?: string;
}

/** A plugin that failed on everything that it was given: there is no result of it. */
export interface FailedPart extends ProgressKey {
  /** What was given: samples, images or prompts. */
  readonly items: number;
  /** Of the first that failed. */
  readonly reason: string;
}

/** Why a record is a fault; undefined where it is none. */
export function faultOfRecord(record: JournalRecord): string | undefined {
  return isFailed(statusOf(record)) && 'reason' in record ? record.reason : undefined;
}

/** What a record adds beside its status; `reason` is that of a fault. */
interface About {
  readonly costUsd?: number | undefined;
  readonly reason?: string | undefined;
}

/** Reasons that are told for one plugin; all stand in the journal. */
const toldFaults = 3;

/** Numbers differ from call to call (addresses, times, ids) where the fault is the same. */
const kindOfFault = (reason: string): string => reason.slice(0, 500).replace(/[0-9a-f-]*\d[0-9a-f-]*/gi, '#');

/** Counts of every plugin and phase. */
export class Progress {
  readonly #onEvent: OnRunEvent;
  readonly #entries = new Map<string, Entry>();

  constructor(onEvent: OnRunEvent = () => undefined) {
    this.#onEvent = onEvent;
  }

  startPhase(phase: Phase): void {
    this.#onEvent({ type: 'phase', phase });
  }

  warn(plugin: string, message: string): void {
    this.#onEvent({ type: 'warning', plugin, message });
  }

  /** Warns of why calls of a plugin fail, once for each kind of reason and for the first few kinds; `item` is what it failed on. */
  fault(key: ProgressKey, reason: string, item?: string): void {
    const { faults } = this.#entry(key);
    const kind = kindOfFault(reason);
    if (faults.size >= toldFaults || faults.has(kind)) return;
    faults.add(kind);
    const more = faults.size === toldFaults ? ' (other reasons are only in the journal)' : '';
    const where = item === undefined ? '' : ` on ${item.slice(0, 200)}`;
    this.warn(key.plugin, `a call failed for good${where}: ${reason.slice(0, 500)}${more}`);
  }

  setTotal(key: ProgressKey, total: number): void {
    this.#entry(key).total = total;
    this.#send(key);
  }

  /** One item more will come; for work that is found as it is done. */
  expect(key: ProgressKey): void {
    this.#entry(key).total += 1;
  }

  /** Adds a cost without telling: what an earlier process spent on prompts. */
  restoreCost(key: ProgressKey, costUsd: number): void {
    this.#entry(key).costUsd += costUsd;
  }

  /** Counts a record without telling: what an earlier process did. */
  restore(key: ProgressKey, status: string, { costUsd = 0, reason }: About = {}): void {
    const entry = this.#entry(key);
    if (reason !== undefined) entry.firstFault ??= reason;
    entry.done += 1;
    entry.costUsd += costUsd;
    entry.outcomes.set(status, (entry.outcomes.get(status) ?? 0) + 1);
  }

  finish(key: ProgressKey, status: string, about: About = {}): void {
    this.restore(key, status, about);
    this.#send(key);
  }

  inFlight(key: ProgressKey, change: number): void {
    const entry = this.#entry(key);
    const isFirst = entry.inFlight === 0 && change > 0;
    entry.inFlight += change;
    // Plugins of a phase wait for each other; how long one takes counts from here.
    if (isFirst) this.#send(key);
  }

  retry(key: ProgressKey): void {
    this.#entry(key).retries += 1;
    this.#send(key);
  }

  /** Counts of one plugin, for the summary of a run. */
  countsOf(key: ProgressKey): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#entry(key).outcomes);
  }

  /** Every plugin and phase that was touched. */
  summary(): (ProgressKey & {
    readonly done: number;
    readonly total: number;
    readonly costUsd: number;
    readonly outcomeCounts: Readonly<Record<string, number>>;
  })[] {
    return [...this.#entries.values()].map(({ key, done, total, costUsd, outcomes }) => ({
      ...key,
      done,
      total,
      costUsd,
      outcomeCounts: Object.fromEntries(outcomes),
    }));
  }

  /** Plugins of this process that have finished, and failed on every item. */
  failed(): FailedPart[] {
    return [...this.#entries.values()]
      .filter(({ total, done, outcomes }) => total > 0 && done >= total && [...outcomes.keys()].every(isFailed))
      .map(({ key, done, firstFault }) => ({ ...key, items: done, reason: firstFault ?? 'no reason was given' }));
  }

  #entry(key: ProgressKey): Entry {
    const name = `${key.phase} ${key.plugin} ${key.protocol ?? ''}`;
    const found: Entry = this.#entries.get(name) ?? {
      key,
      total: 0,
      done: 0,
      inFlight: 0,
      retries: 0,
      costUsd: 0,
      outcomes: new Map<string, number>(),
      faults: new Set<string>(),
    };
    this.#entries.set(name, found);
    return found;
  }

  #send(key: ProgressKey): void {
    const { total, done, inFlight, retries, costUsd, outcomes } = this.#entry(key);
    const outcomeCounts = Object.fromEntries(outcomes);
    this.#onEvent({ type: 'progress', ...key, done, total, inFlight, retries, costUsd, outcomeCounts });
  }
}
