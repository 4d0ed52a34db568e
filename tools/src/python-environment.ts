/**
 * Makes the Python environment that the tests of the ready workers run in, from pinned packages, once:
 * `node tools/src/python-environment.ts`. Tests find it by itself; DIPTYCH_PYTHON names another interpreter.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from './repository.ts';

const folder = join(repositoryRoot, 'packages/plugins/python');
const environment = join(folder, '.venv');
const requirements = join(folder, 'requirements-test.txt');
const stamp = join(environment, 'requirements.sha256');
const wanted = createHash('sha256').update(readFileSync(requirements)).digest('hex');

const run = (command: string, ...args: string[]): void => {
  execFileSync(command, args, { stdio: ['ignore', 'inherit', 'inherit'] });
};

if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) {
  console.log(`${environment} is there already.`);
} else {
  const started = performance.now();
  rmSync(environment, { recursive: true, force: true });
  run('python3', '-m', 'venv', environment);
  // Without dependencies, since the list is whole; compiled as it is imported, since most of it never is.
  const how = ['--quiet', '--no-deps', '--no-compile', '--no-cache-dir', '--disable-pip-version-check'];
  const python = join(environment, 'bin/python');
  run(python, '-m', 'pip', 'install', ...how, '--requirement', requirements);
  run(python, '-c', 'import torch, diffusers, transformers; print(torch.__version__)');
  writeFileSync(stamp, wanted);
  console.log(`Made ${environment} in ${((performance.now() - started) / 1000).toFixed(0)} s.`);
}
