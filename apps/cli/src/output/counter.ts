/** How far a command is that does one thing many times: in place on a terminal, else a line now and then, on stderr. */
import type { ProgressMode, ProgressStream } from './progress.ts';

const redrawMs = 100;
const plainMs = 10_000;

export interface Counter {
  readonly show: (done: number, total: number) => void;
  /** Leaves the cursor below what was drawn. */
  finish(): void;
}

export function createCounter(
  what: string,
  mode: ProgressMode,
  stream: ProgressStream = process.stderr,
  now: () => number = Date.now,
): Counter {
  if (mode === 'none') return { show: () => undefined, finish: () => undefined };
  const isLive = mode === 'live' || (mode === 'auto' && stream.isTTY === true);
  let shownAt = now();
  let isDrawn = false;
  const show = (done: number, total: number): void => {
    if (done < total && now() - shownAt < (isLive ? redrawMs : plainMs)) return;
    shownAt = now();
    isDrawn = true;
    if (mode === 'json') stream.write(`${JSON.stringify({ type: 'count', what, done, total })}\n`);
    else stream.write(isLive ? `\r${what}: ${done}/${total}` : `${what}: ${done}/${total}\n`);
  };
  return { show, finish: () => void (isLive && isDrawn && stream.write('\n')) };
}
