import { expect, it } from 'vitest';
import type { KernelTime } from './kernel-time.ts';
import { chromeTrace, profileRows } from './profile-report.ts';

const time = (step: string, start: number, milliseconds: number, flops = 0): KernelTime => ({
  model: 'm',
  step,
  op: 'gemm',
  kernel: 'k',
  start,
  milliseconds,
  flops,
});

it('gives the median of the runs, its share and its speed, slowest first', () => {
  const times = [time('a', 10, 1), time('b', 11, 3, 6e6), time('a', 20, 2), time('b', 22, 3, 6e6), time('a', 30, 1)];
  // By hand: medians 1 and 3 of 4 in all; 6 MFLOP in 3 ms are 2 GFLOP/s.
  expect(profileRows(times)).toMatchObject([
    { step: 'b', runs: 2, milliseconds: 3, share: 0.75, gflopsPerSecond: 2 },
    { step: 'a', runs: 3, milliseconds: 1, share: 0.25, gflopsPerSecond: 0 },
  ]);
  expect(profileRows([])).toEqual([]);
});

it('writes complete events in microseconds from the first start', () => {
  const { traceEvents } = JSON.parse(chromeTrace([time('a', 10, 1), time('b', 11.5, 3)])) as { traceEvents: unknown[] };
  expect(traceEvents).toMatchObject([
    { ph: 'M', name: 'thread_name', args: { name: 'm' } },
    { ph: 'X', name: 'a', ts: 0, dur: 1000, tid: 0 },
    { ph: 'X', name: 'b', ts: 1500, dur: 3000, tid: 0 },
  ]);
});
