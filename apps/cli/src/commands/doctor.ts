/** `diptych doctor`: what works on this machine, and what to do about what does not. */
import { access, constants } from 'node:fs/promises';
import { availableParallelism, totalmem } from 'node:os';
import { runtimeReport } from '@diptych/gpu-kernels';
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
    await folderCheck(),
  ];
  printResult(options, { checks }, () =>
    renderTable(
      ['check', 'state', 'found'],
      checks.map((check) => [check.name, check.ok ? 'ok' : 'missing', check.found]),
    ),
  );
  // One usable backend suffices, and `reference` is always there; only Node and the folder are fatal.
  if (checks.some((check) => !check.ok && !check.name.startsWith('backend'))) process.exitCode = 3;
}
