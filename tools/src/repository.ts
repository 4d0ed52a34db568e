/** Where the repository lies and which files belong to it. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';

export const repositoryRoot = join(import.meta.dirname, '../..');

const notOurs = new Set(['.git', '.nx', '.venv', 'node_modules', 'dist', 'target', 'artifacts', 'runs', 'coverage']);

/**
 * Paths relative to `root`, with forward slashes, sorted: what git tracks or would track. A folder without git (a
 * source archive, a fixture) is walked instead, without the folders that hold outputs.
 */
export function listRepositoryFiles(root: string): string[] {
  if (!existsSync(join(root, '.git'))) return walk(root, root).toSorted();
  const output = execFileSync(
    'git',
    ['-c', 'safe.directory=*', 'ls-files', '-z', '--cached', '--others', '--exclude-standard'],
    {
      cwd: root,
      encoding: 'utf8',
      maxBuffer: 64 * 1024 * 1024,
    },
  );
  // A file that was deleted and not yet committed is still listed.
  return output
    .split('\0')
    .filter((path) => path !== '' && existsSync(join(root, path)))
    .toSorted();
}

function walk(root: string, folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (notOurs.has(entry.name)) return [];
    const path = join(folder, entry.name);
    return entry.isDirectory() ? walk(root, path) : [relative(root, path).replaceAll('\\', '/')];
  });
}
