/**
 * Progress on stderr. `live`: one line a plugin, redrawn in place, on a terminal. `plain`: a line when a plugin starts,
 * ends, and every ten seconds between. `json`: one event a line. `auto` is `live` on a terminal, else `plain`.
 */
import { stripVTControlCharacters, styleText } from 'node:util';
import { deliveredStatuses, type RunEvent } from '@diptych/core';
import { dollars, duration, printable } from './table.ts';

type ProgressEvent = Extract<RunEvent, { type: 'progress' }>;
export type ProgressMode = 'auto' | 'live' | 'plain' | 'json' | 'none';

export interface ProgressDisplay {
  readonly onEvent: (event: RunEvent) => void;
  /** Draws the last state and leaves the cursor below it. */
  finish(): void;
}

export interface ProgressStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

const redrawMs = 100;
const plainMs = 10_000;

const verbs = { prompts: 'prepare', collect: 'generate', authentic: 'import', judge: 'judge', detect: 'detect' } as const;
/** `detect tiny-ladeda (as-received)`. */
export const nameOfPart = ({ phase, plugin, protocol }: Pick<ProgressEvent, 'phase' | 'plugin' | 'protocol'>): string =>
  printable(`${verbs[phase]} ${plugin}${protocol ? ` (${protocol})` : ''}`);

/** What came out, apart from the usual: `image` and `scored` need no mention. */
function exceptions(event: ProgressEvent): string {
  const counts = Object.entries(event.outcomeCounts).filter(([name]) => !deliveredStatuses.includes(name));
  const retries: [string, number][] = event.retries > 0 ? [['retries', event.retries]] : [];
  const parts = [...counts, ...retries].map(([name, count]) => `${count} ${name}`);
  if (event.costUsd > 0) parts.push(dollars(event.costUsd));
  return parts.join(', ');
}

interface Tracked {
  event: ProgressEvent;
  /** When its first call began: a plugin may wait long for its turn. */
  startedAt: number;
  /** Done when this process began, so that speed is that of this process. */
  readonly doneBefore: number;
  shownAt: number;
}

function timeLeft({ event, startedAt, doneBefore }: Tracked, now: number): string {
  const made = event.done - doneBefore;
  const seconds = (now - startedAt) / 1000;
  if (event.done >= event.total || made === 0 || seconds < 1) return '';
  return `${(made / seconds).toFixed(1)}/s, ${duration(((event.total - event.done) * seconds) / made)} left`;
}

function barOf({ done, total }: ProgressEvent): string {
  const width = 20;
  const filled = total === 0 ? width : Math.round((width * done) / total);
  return '█'.repeat(filled) + '░'.repeat(width - filled);
}

export function createProgress(
  mode: ProgressMode,
  stream: ProgressStream = process.stderr,
  now: () => number = Date.now,
): ProgressDisplay {
  if (mode === 'none') return { onEvent: () => undefined, finish: () => undefined };
  if (mode === 'json')
    return { onEvent: (event) => void stream.write(`${JSON.stringify(event)}\n`), finish: () => undefined };
  const live = mode === 'live' || (mode === 'auto' && stream.isTTY === true);
  return live ? liveDisplay(stream, now) : plainDisplay(stream, now);
}

function track(entries: Map<string, Tracked>, event: ProgressEvent, now: number): Tracked {
  const found = entries.get(nameOfPart(event)) ?? { event, startedAt: now, doneBefore: event.done, shownAt: 0 };
  const { event: before, doneBefore } = found;
  if (before.inFlight === 0 && event.inFlight > 0 && before.done === doneBefore) found.startedAt = now;
  found.event = event;
  entries.set(nameOfPart(event), found);
  return found;
}

function plainDisplay(stream: ProgressStream, now: () => number): ProgressDisplay {
  const entries = new Map<string, Tracked>();
  const show = (tracked: Tracked): void => {
    const { event } = tracked;
    tracked.shownAt = now();
    const parts = [`${event.done}/${event.total}`, timeLeft(tracked, now()), exceptions(event)].filter(
      (part) => part !== '',
    );
    stream.write(`${nameOfPart(event)}: ${parts.join(', ')}\n`);
  };
  return {
    onEvent(event) {
      if (event.type === 'warning') stream.write(`warning: ${printable(event.plugin)}: ${printable(event.message)}\n`);
      if (event.type !== 'progress') return;
      const before = entries.get(nameOfPart(event))?.event.done;
      const tracked = track(entries, event, now());
      const ended = event.done === event.total && before !== event.done;
      if (ended || now() - tracked.shownAt >= plainMs) show(tracked);
    },
    finish: () => undefined,
  };
}

function liveDisplay(stream: ProgressStream, now: () => number): ProgressDisplay {
  const entries = new Map<string, Tracked>();
  const warnings: string[] = [];
  let lines = 0;
  let drawnAt = 0;
  const draw = (): void => {
    drawnAt = now();
    const width = stream.columns ?? 80;
    const erase = lines > 0 ? `\u001b[${lines}A\u001b[0J` : '';
    const rows = [...entries.values()].map((tracked) => {
      const { event } = tracked;
      const row = `${barOf(event)} ${nameOfPart(event)}  ${[`${event.done}/${event.total}`, timeLeft(tracked, now()), exceptions(event)].filter((part) => part !== '').join(', ')}`;
      return row.length > width ? `${row.slice(0, width - 1)}…` : row;
    });
    const said = warnings.splice(0).map((text) => `${styleText('yellow', 'warning')}: ${text}`);
    stream.write(`${erase}${[...said, ...rows].map((row) => `${row}\n`).join('')}`);
    lines = rows.length;
  };
  return {
    onEvent(event) {
      if (event.type === 'warning')
        warnings.push(stripVTControlCharacters(`${printable(event.plugin)}: ${printable(event.message)}`));
      if (event.type === 'progress') track(entries, event, now());
      if (event.type !== 'phase' && now() - drawnAt >= redrawMs) draw();
    },
    finish: draw,
  };
}
