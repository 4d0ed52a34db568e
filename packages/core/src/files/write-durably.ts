/** Writing files that a crash never leaves half written. */
import { open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCode } from '../text/describe-error.ts';

let temporaryNumber = 0;

/** Writes a file so that after a crash it is whole or absent. */
export async function writeDurably(path: string, data: Uint8Array | string): Promise<void> {
  const temporary = `${path}.${process.pid}-${temporaryNumber++}.tmp`;
  try {
    const file = await open(temporary, 'wx', 0o644);
    try {
      await file.writeFile(data);
      await file.datasync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
    await syncFolder(join(path, '..'));
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** Makes a rename durable; a file system that cannot sync folders (EINVAL) keeps its own promises. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } catch (error) {
    if (systemCode(error) !== 'EINVAL') throw error;
  } finally {
    await handle.close();
  }
}
