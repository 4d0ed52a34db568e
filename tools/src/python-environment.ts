/**
 * Makes the Python environment that the tests of the ready workers run in, from pinned packages, and the node tests of ONNX in it, once:
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
const nodeTests = join(environment, 'onnx-node-tests');
const nodeTestsScript = join(repositoryRoot, 'packages/gpu-kernels/goldens/onnx/write-node-tests.py');
const python = join(environment, 'bin/python');

const run = (command: string, ...args: string[]): void => {
  execFileSync(command, args, { stdio: ['ignore', 'inherit', 'inherit'] });
};

/** Runs `make` unless it was run for the same files; `stampFile`, written last, holds their digest. */
function once(what: string, stampFile: string, sources: readonly string[], make: () => void): void {
  const digest = createHash('sha256');
  for (const source of sources) digest.update(readFileSync(source));
  const wanted = digest.digest('hex');
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === wanted) {
    console.log(`${what} is there already.`);
    return;
  }
  const started = performance.now();
  make();
  writeFileSync(stampFile, wanted);
  console.log(`Made ${what} in ${((performance.now() - started) / 1000).toFixed(0)} s.`);
}

once(environment, stamp, [requirements], () => {
  rmSync(environment, { recursive: true, force: true });
  run('python3', '-m', 'venv', environment);
  // Without dependencies, since the list is whole; compiled as it is imported, since most of it never is.
  const how = ['--quiet', '--no-deps', '--no-compile', '--no-cache-dir', '--disable-pip-version-check'];
  run(python, '-m', 'pip', 'install', ...how, '--requirement', requirements);
  run(python, '-c', 'import torch, diffusers, transformers; print(torch.__version__)');
});
once(nodeTests, `${nodeTests}.sha256`, [requirements, nodeTestsScript], () => {
  rmSync(nodeTests, { recursive: true, force: true });
  run(python, nodeTestsScript, nodeTests);
});
