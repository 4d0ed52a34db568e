// Stamps: the digest of what a step read, stored after the step has finished. A step whose digest is
// unchanged is skipped; one that was interrupted has no stamp and runs again.
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

export const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');

/** Files below `root`, sorted, without the folder names in `skip`. A missing root has no files. */
export function listFiles(root, skip = []) {
  let entries;
  try {
    entries = readdirSync(root, { withFileTypes: true });
  } catch (error) {
    if (error.code === 'ENOENT') return [];
    throw error;
  }
  return entries
    .filter((entry) => !skip.includes(entry.name))
    .flatMap((entry) => {
      const path = join(root, entry.name);
      if (entry.isDirectory()) return listFiles(path, skip);
      return entry.isFile() ? [path] : [];
    })
    .sort();
}

/** Digest over the names and contents of `files`, independent of where `root` lies. */
export function hashFiles(root, files) {
  const hash = createHash('sha256');
  for (const file of files) hash.update(`${relative(root, file)}\0${sha256(readFileSync(file))}\n`);
  return hash.digest('hex');
}

export function readStamp(path) {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Replaces the file in one rename, so that a reader never sees half of it. */
export function writeStamp(path, text) {
  mkdirSync(dirname(path), { recursive: true });
  const temporary = `${path}.${process.pid}.tmp`;
  writeFileSync(temporary, `${text}\n`);
  renameSync(temporary, path);
}
