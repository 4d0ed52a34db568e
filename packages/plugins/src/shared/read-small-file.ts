import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { DiptychError } from '@diptych/plugin-kit';

/**
 * A file that an option names, whole. Rejects with PLUGIN_OPTIONS_INVALID where it cannot be read, is no regular file or
 * has more than `maxBytes`, of which no more is read. `what` says what is expected there, such as `a text file`.
 */
export async function readSmallFile(path: string, what: string, shown: string, maxBytes: number): Promise<Buffer> {
  try {
    // Without waiting for the other end, were it a pipe.
    await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const facts = await file.stat();
    if (!facts.isFile()) throw invalid(`Expected ${what} at ${shown}, it is no regular file. Give the path of a file.`);
    if (facts.size > maxBytes)
      throw invalid(`Expected ${what} of at most ${maxBytes} bytes at ${shown}, it has ${facts.size}. Give another file.`);
    return await file.readFile();
  } catch (cause) {
    if (cause instanceof DiptychError) throw cause;
    throw invalid(`Expected ${what} at ${shown}, it cannot be read. Give its path from the study file.`, cause);
  }
}

const invalid = (message: string, cause?: unknown): DiptychError =>
  new DiptychError('PLUGIN_OPTIONS_INVALID', message, cause === undefined ? {} : { cause });
