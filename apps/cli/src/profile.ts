/** A profile for people: the table, and the file that chrome://tracing and ui.perfetto.dev open. */
import { writeFile } from 'node:fs/promises';
import { chromeTrace, type KernelTime, profileRows } from '@diptych/gpu-kernels';
import { renderTable } from './output/table.ts';

export function renderProfile(times: readonly KernelTime[]): string {
  const rows = profileRows(times);
  const total = rows.reduce((sum, { milliseconds }) => sum + milliseconds, 0);
  const table = renderTable(
    ['step', 'op', 'kernel', 'ms', 'share', 'GFLOP/s'],
    rows.map(({ step, op, kernel, milliseconds, share, gflopsPerSecond }) => [
      step,
      op,
      kernel,
      milliseconds.toFixed(3),
      `${(100 * share).toFixed(1)} %`,
      gflopsPerSecond === 0 ? '' : gflopsPerSecond.toFixed(1),
    ]),
  );
  return `${table}\n${total.toFixed(3)} ms in all: the sum of the medians; on a GPU each kernel is in a pass of its own, on the CPU it is the time of all threads`;
}

export const writeTrace = (file: string, times: readonly KernelTime[]): Promise<void> => writeFile(file, chromeTrace(times));
