// Installs what package-lock.json says, and only when what is installed differs from it.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readStamp, sha256, writeStamp } from './stamp.mjs';
import { runQuietly, step } from './steps.mjs';

/**
 * Whether the installed tree (npm's hidden lock file) holds every package of the lock at its version
 * and no other. Optional packages may be missing: they belong to other platforms.
 */
export function matchesLock(lock, installed) {
  const isPackage = ([path, entry]) => path.includes('node_modules/') && !entry.link;
  const wanted = Object.entries(lock.packages).filter(isPackage);
  const present = new Map(Object.entries(installed.packages).filter(isPackage));
  const satisfied = wanted.every(([path, entry]) => {
    const found = present.get(path);
    if (!found) return entry.optional === true || entry.devOptional === true;
    return found.version === entry.version && found.integrity === entry.integrity;
  });
  const known = new Set(wanted.map(([path]) => path));
  return satisfied && [...present.keys()].every((path) => known.has(path));
}

function isInstalled(root, lockText) {
  const hidden = join(root, 'node_modules/.package-lock.json');
  if (!existsSync(hidden)) return false;
  return matchesLock(JSON.parse(lockText), JSON.parse(readFileSync(hidden, 'utf8')));
}

function npmCi(root) {
  const args = ['ci', '--no-audit', '--no-fund', '--loglevel=error'];
  const script = process.env.npm_execpath;
  if (script?.endsWith('.js')) runQuietly(process.execPath, [script, ...args], { cwd: root });
  else runQuietly('npm', args, { cwd: root, shell: process.platform === 'win32' });
}

/** Returns true when it had to look closer than the stamp, that is, when anything may have changed. */
export function installPackages(root) {
  const lockText = readFileSync(join(root, 'package-lock.json'), 'utf8');
  const stampPath = join(root, 'node_modules/.cache/diptych/lock.sha256');
  const digest = sha256(lockText);
  if (readStamp(stampPath) === digest && existsSync(join(root, 'node_modules/.package-lock.json'))) return false;
  if (!isInstalled(root, lockText)) step('npm packages installed', () => npmCi(root));
  writeStamp(stampPath, digest);
  return true;
}
