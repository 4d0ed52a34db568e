/** The temporary folder that a worker shares with its host: images come in as files and go out as files, and stay inside. */
import { constants, rmSync } from 'node:fs';
import { chmod, mkdtemp, open, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { maxFileBytes } from './protocol.ts';

/** What a worker's file turned out to be, in words, where it cannot be taken. */
export class FileFault extends Error {}

/** Folders that must not outlive this process. Where it is killed, the worker removes its folder. */
const kept = new Set<string>();
const removeAll = (): void => {
  // Again, should a worker that is being ended write into it meanwhile.
  for (const path of kept) rmSync(path, { recursive: true, force: true, maxRetries: 3 });
};

export class WorkerFolder implements AsyncDisposable {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /** Readable by this user alone: the images may be unsafe. */
  static async create(): Promise<WorkerFolder> {
    const path = await mkdtemp(join(tmpdir(), 'diptych-worker-'));
    if (kept.size === 0) process.on('exit', removeAll);
    kept.add(path);
    await chmod(path, 0o700);
    return new WorkerFolder(path);
  }

  async put(name: string, bytes: Uint8Array): Promise<string> {
    const path = join(this.path, name);
    await writeFile(path, bytes);
    return path;
  }

  /**
   * Bytes of a regular file directly in the folder, which is removed then. A name with a folder in it, a link (never
   * followed), a pipe, an empty or an oversized file is a FileFault.
   */
  async take(name: string): Promise<Uint8Array> {
    if (name !== basename(name) || name === '' || name === '.' || name === '..' || /[\0\\/]/.test(name))
      throw new FileFault(`a file directly in the folder it was given, received the name "${name.slice(0, 200)}"`);
    const path = join(this.path, name);
    try {
      // Without waiting for the other end, were it a pipe; and the facts are those of the very file that is read.
      const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
      try {
        const facts = await file.stat();
        if (!facts.isFile()) throw new FileFault(`a regular file, received a folder, pipe or device called "${name}"`);
        if (facts.size === 0) throw new FileFault(`an image, received the empty file "${name}"`);
        if (facts.size > maxFileBytes)
          throw new FileFault(`a file of at most ${maxFileBytes} bytes, received ${facts.size} in "${name}"`);
        return new Uint8Array(await file.readFile());
      } finally {
        await file.close();
      }
    } catch (error) {
      if (error instanceof FileFault) throw error;
      const { code, message } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT') throw new FileFault(`the file "${name}" that it named, received none`);
      if (code === 'ELOOP') throw new FileFault(`a regular file, received the symbolic link "${name}"`);
      throw new FileFault(`a readable file "${name}", received: ${message}`);
    } finally {
      await rm(path, { force: true, recursive: true });
    }
  }

  /** Removes everything: answers to calls that were given up, which nobody takes. */
  async clear(): Promise<void> {
    await Promise.all((await readdir(this.path)).map((name) => rm(join(this.path, name), { force: true, recursive: true })));
  }

  /** Removes what a call left behind. */
  async remove(names: readonly string[]): Promise<void> {
    await Promise.all(names.map((name) => rm(join(this.path, name), { force: true })));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.path, { force: true, recursive: true });
    kept.delete(this.path);
    if (kept.size === 0) process.off('exit', removeAll);
  }
}
