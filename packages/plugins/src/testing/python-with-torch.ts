import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** For tests: an interpreter with the packages of requirements-test.txt, and why there is none. */
export function pythonWithTorch(): { readonly path: string; readonly absent: boolean; readonly reason: string } {
  const folder = fileURLToPath(new URL('../../python/.venv', import.meta.url));
  const named = process.env.DIPTYCH_PYTHON;
  return {
    path: named ?? `${folder}/bin/python`,
    // The stamp is written last: an environment that is being made, or broke off, does not count.
    absent: named === undefined && !existsSync(`${folder}/requirements.sha256`),
    reason: 'there is no Python with torch: run `node tools/src/python-environment.ts`, or set DIPTYCH_PYTHON',
  };
}
