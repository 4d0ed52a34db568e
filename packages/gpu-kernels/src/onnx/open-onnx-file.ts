/** A model file and the files beside it that hold its weights. No link leads out of the model's folder. */
import { readFile, realpath, stat } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import { DiptychError } from '@diptych/plugin-kit';
import type { ReadExternal } from './external-data.ts';

/** Throws GRAPH_INVALID where a file cannot be read, PATH_OUTSIDE_ROOT where a link leaves the folder. */
export async function openOnnxFile(
  path: string,
): Promise<{ readonly bytes: Uint8Array; readonly readExternal: ReadExternal }> {
  const read = async (file: string): Promise<Uint8Array> => {
    try {
      // A pipe or a device would be waited for, or never end.
      if (!(await stat(file)).isFile()) throw new Error('it is not a regular file');
      return await readFile(file);
    } catch (cause) {
      throw new DiptychError(
        'GRAPH_INVALID',
        `Expected a readable file at ${file}: ${cause instanceof Error ? cause.message : 'unknown fault'}. Check the path.`,
        { cause },
      );
    }
  };
  const bytes = await read(path);
  const folder = await realpath(dirname(path));
  const readExternal = async (relative: string): Promise<Uint8Array> => {
    // Where the file does not exist, `read` says so.
    const target = await realpath(join(folder, relative)).catch(() => join(folder, relative));
    if (!target.startsWith(folder + sep)) {
      throw new DiptychError(
        'PATH_OUTSIDE_ROOT',
        `Expected "${relative}" inside ${folder}; it is a link to ${target}. Copy the file there.`,
      );
    }
    return read(target);
  };
  return { bytes, readExternal };
}
