/** A profile for people: the table, and the file that chrome://tracing and ui.perfetto.dev open. */
import { access, constants, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { chromeTrace, type KernelTime, profileRows } from '@diptych/gpu-kernels';
import { DiptychError } from '@diptych/plugin-kit/runtime';
import { renderTable } from './output/table.ts';

export function renderProfile(times: readonly KernelTime[]): string {
  const rows = profileRows(times);
  const total = rows.reduce((sum, { milliseconds }) => sum + milliseconds, 0);
  // Steps of two networks may have one name.
  const isSeveral = new Set(rows.map(({ model }) => model)).size > 1;
  const table = renderTable(
    [...(isSeveral ? ['network'] : []), 'step', 'op', 'kernel', 'ms', 'share', 'GFLOP/s'],
    rows.map(({ model, step, op, kernel, milliseconds, share, gflopsPerSecond }) => [
      ...(isSeveral ? [model] : []),
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

/** Before anything runs: the trace is written last. Makes no file. */
export async function checkTraceFile(file: string): Promise<void> {
  try {
    const found = await stat(file).catch(() => undefined); // absent is fine
    if (found !== undefined && !found.isFile()) throw new Error('it is not a regular file');
    await access(found === undefined ? dirname(file) : file, constants.W_OK);
  } catch (cause) {
    throw unwritable('USAGE', file, cause, 'Name a file in a folder that exists and is yours to write');
  }
}

export async function writeTrace(file: string, times: readonly KernelTime[]): Promise<void> {
  await writeFile(file, chromeTrace(times)).catch((cause: unknown) => {
    throw unwritable('STORE_WRITE_FAILED', file, cause, 'Free space there, or name another file');
  });
}

function unwritable(code: 'USAGE' | 'STORE_WRITE_FAILED', file: string, cause: unknown, cure: string): DiptychError {
  const why = cause instanceof Error ? cause.message : 'unknown fault';
  return new DiptychError(code, `Expected to write the trace of --profile to ${file}, got: ${why}. ${cure}.`, { cause });
}
