/**
 * Runs the benchmarks, one after the other, each in a process of its own: `npm run bench`, or with part of a path for
 * some, `npm run bench -- gpu-kernels`. Options behind that are the benchmark's own: `npm run bench -- networks --threads 2`.
 * A benchmark is a script `bench/*.bench.ts` of a project; it checks that what it compares is equal, then prints its own
 * table with machine and medians. docs/performance keeps dated results.
 */
import { listRepositoryFiles, repositoryRoot } from './repository.ts';
import { runCommand } from './test/run-command.ts';

const given = process.argv.slice(2);
const firstOption = given.findIndex((word) => word.startsWith('--'));
const wanted = firstOption === -1 ? given : given.slice(0, firstOption);
const options = given.slice(wanted.length);
const scripts = listRepositoryFiles(repositoryRoot)
  .filter((path) => /\/bench\/[^/]+\.bench\.ts$/.test(path))
  .filter((path) => wanted.every((part) => path.includes(part)));

if (scripts.length === 0) {
  console.error(
    `Expected a benchmark bench/*.bench.ts${wanted.length > 0 ? ` whose path contains ${wanted.join(' and ')}` : ''}, found none.`,
  );
  process.exitCode = 2;
}
for (const script of scripts) {
  console.log(`\n── ${script}`);
  const { exitCode } = await runCommand(['node', script, ...options], { show: true });
  if (exitCode !== 0) process.exitCode = 1;
}
