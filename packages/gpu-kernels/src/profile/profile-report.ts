/** From times of kernels to a table and to a trace that chrome://tracing and ui.perfetto.dev open. */
import type { KernelTime } from './kernel-time.ts';

/** One kernel of one step, over all its runs. */
export interface ProfileRow {
  readonly model: string;
  readonly step: string;
  readonly op: string;
  readonly kernel: string;
  readonly runs: number;
  /** Median of the runs. */
  readonly milliseconds: number;
  /** Of the sum of all rows. */
  readonly share: number;
  /** 0 where the op's arithmetic is not counted. */
  readonly gflopsPerSecond: number;
}

/** One row for each kernel of each step, slowest first. */
export function profileRows(times: readonly KernelTime[]): readonly ProfileRow[] {
  const groups = Map.groupBy(times, ({ model, step, op, kernel }) => JSON.stringify([model, step, op, kernel]));
  const medians = [...groups.values()].map((group) => ({ group, milliseconds: median(group.map((time) => time.milliseconds)) })); // biome-ignore format: one step
  const total = medians.reduce((sum, { milliseconds }) => sum + milliseconds, 0);
  return medians
    .map(({ group, milliseconds }): ProfileRow => {
      const { model, step, op, kernel, flops } = group[0]!;
      const share = total === 0 ? 0 : milliseconds / total;
      const gflopsPerSecond = milliseconds === 0 ? 0 : flops / milliseconds / 1e6;
      return { model, step, op, kernel, runs: group.length, milliseconds, share, gflopsPerSecond };
    })
    .toSorted((a, b) => b.milliseconds - a.milliseconds);
}

function median(list: readonly number[]): number {
  const sorted = list.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Trace Event Format, complete events in microseconds; one track a model. */
export function chromeTrace(times: readonly KernelTime[]): string {
  const models = [...new Set(times.map(({ model }) => model))];
  const origin = times.reduce((first, { start }) => Math.min(first, start), Number.POSITIVE_INFINITY);
  const names = models.map((name, tid) => ({ name: 'thread_name', ph: 'M', pid: 0, tid, args: { name } }));
  const events = times.map(({ model, step, op, kernel, start, milliseconds, flops }) => ({
    name: step,
    cat: op,
    ph: 'X',
    pid: 0,
    tid: models.indexOf(model),
    ts: (start - origin) * 1000,
    dur: milliseconds * 1000,
    args: { kernel, flops },
  }));
  return JSON.stringify({ traceEvents: [...names, ...events], displayTimeUnit: 'ms' });
}
