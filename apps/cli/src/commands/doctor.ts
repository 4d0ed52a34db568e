/** `diptych doctor`: what works on this machine, and what to do about what does not. */
import { execFile } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import { availableParallelism, totalmem } from 'node:os';
import { promisify } from 'node:util';
import { precisionReport, runtimeReport } from '@diptych/gpu-kernels';
import { type OutputOptions, printResult } from '../output/result.ts';
import { bytes, renderTable } from '../output/table.ts';

interface Check {
  readonly name: string;
  readonly ok: boolean;
  readonly found: string;
}

async function folderCheck(): Promise<Check> {
  try {
    await access('.', constants.W_OK);
    return { name: 'working folder', ok: true, found: `${process.cwd()} is writable` };
  } catch {
    // Not writable is the finding itself.
    return { name: 'working folder', ok: false, found: `${process.cwd()} is not writable: runs cannot be stored here` };
  }
}

/** For plugins that are workers; a study may name another interpreter. */
async function pythonCheck(): Promise<Check> {
  try {
    const { stdout } = await promisify(execFile)('python3', ['--version']);
    return { name: 'python', ok: true, found: `${stdout.trim()}, for workers` };
  } catch {
    // Absent is the finding itself.
    return { name: 'python', ok: false, found: 'no python3 in PATH: workers need `python` in their options' };
  }
}

/** What `--adapter` chooses from. */
const adapterChecks = (backends: Awaited<ReturnType<typeof runtimeReport>>): Check[] =>
  backends
    .flatMap(({ adapters = [] }) => adapters)
    .map((adapter, index) => ({ name: `adapter ${index}`, ok: true, found: adapter }));

/** What `--precision` chooses from beside f32. */
const precisionChecks = async (): Promise<Check[]> =>
  (await precisionReport()).map(({ precision, backend, adapter, reason }) => ({
    name: `precision ${precision}`,
    ok: reason === undefined,
    found: reason ?? `${backend} on ${adapter}`,
  }));

export default async function doctor(options: OutputOptions): Promise<void> {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const backends = await runtimeReport();
  const checks: Check[] = [
    { name: 'node', ok: major > 22 || (major === 22 && minor >= 18), found: process.versions.node },
    {
      name: 'machine',
      ok: true,
      found: `${process.platform} ${process.arch}, ${availableParallelism()} cores, ${bytes(totalmem())}`,
    },
    ...backends.map((backend) => ({
      name: `backend ${backend.backend}`,
      ok: backend.ok,
      found: backend.ok ? (backend.adapter ?? '') : (backend.reason ?? ''),
    })),
    ...adapterChecks(backends),
    ...(await precisionChecks()),
    await pythonCheck(),
    await folderCheck(),
  ];
  printResult(options, { checks }, () =>
    renderTable(
      ['check', 'state', 'found'],
      checks.map((check) => [check.name, check.ok ? 'ok' : 'missing', check.found]),
    ),
  );
  // One usable backend suffices, and `reference` is always there; only Node and the folder are fatal.
  const isFatal = ({ name }: Check): boolean => !/^(backend|precision|python)/.test(name);
  if (checks.some((check) => !check.ok && isFatal(check))) process.exitCode = 3;
}
