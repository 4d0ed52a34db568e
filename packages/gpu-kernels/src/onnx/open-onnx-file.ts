/** A model file and the files beside it that hold its weights. No link leads out of the model's folder. */
import { readFile, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, sep } from 'node:path';
import { DiptychError, type FileOnDisk } from '@diptych/plugin-kit/runtime';
import type { ReadExternal } from './external-data.ts';
import { readSparse } from './sparse-file.ts';

/** Smaller files are read whole. */
const fewestSparse = 2 ** 20;

/**
 * `bytes` refer to the large weights of the file, which are read through `readExternal` like those of the files beside it: when
 * a backend takes them, one at a time, so that the file is never in memory as a whole. Until a network is loaded the files must
 * stay as they are. Throws NOT_FOUND where it is not there, GRAPH_INVALID where a file cannot be read, PATH_OUTSIDE_ROOT where a link leaves the folder.
 */
export async function openOnnxFile(
  path: string,
): Promise<{ readonly bytes: Uint8Array; readonly readExternal: ReadExternal }> {
  const { sizeBytes } = await fileAt(path);
  const own = basename(path);
  const isReferable = sizeBytes >= fewestSparse && !/[\\:]/.test(own); // such names are refused as references
  const sparse = isReferable ? await reading(path, async () => readSparse(path, sizeBytes, own)) : undefined;
  const bytes = sparse ?? (await reading(path, () => readFile(path)));
  const folder = await realpath(dirname(path));
  const readExternal = async (relative: string): Promise<FileOnDisk> => {
    if (sparse !== undefined && relative === own) return fileAt(path);
    const target = await realpath(join(folder, relative)).catch((cause: unknown) => {
      throw new DiptychError(
        'GRAPH_INVALID',
        `Expected the weights of ${own} in a file beside it, ${join(folder, relative)}: ${faultOf(cause)}. Keep both in one folder under the names that they were exported with.`,
        { cause },
      );
    });
    if (!target.startsWith(folder + sep)) {
      throw new DiptychError(
        'PATH_OUTSIDE_ROOT',
        `Expected "${relative}" inside ${folder}; it is a link to ${target}. Copy the file there.`,
      );
    }
    return fileAt(target);
  };
  return { bytes, readExternal };
}

const fileAt = (path: string): Promise<FileOnDisk> =>
  reading(path, async () => {
    const found = await stat(path);
    // A pipe or a device would be waited for, or never end.
    if (!found.isFile()) throw new Error(found.isDirectory() ? 'it is a folder' : 'it is not a regular file');
    return { path, sizeBytes: found.size };
  });

const absent = 'there is none';

/** Node's own words repeat the path and a number that tells nobody anything. */
function faultOf(cause: unknown): string {
  const { code } = cause as { readonly code?: unknown };
  if (code === 'ENOENT' || code === 'ENOTDIR') return absent;
  if (code === 'EACCES' || code === 'EPERM') return 'it may not be read';
  return cause instanceof Error ? cause.message : 'unknown fault';
}

async function reading<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    const fault = faultOf(cause);
    const code = fault === absent ? 'NOT_FOUND' : 'GRAPH_INVALID';
    throw new DiptychError(code, `Expected a readable file at ${path}: ${fault}. Check the path.`, { cause });
  }
}
