/** Which files a path names: a file itself, or the pictures of a folder. */
import { readdir, realpath, stat } from 'node:fs/promises';
import { extname, join, relative, resolve, sep } from 'node:path';
import { DiptychError, imageEndings, unreadImageEndings } from '@diptych/plugin-kit';
import { describeError } from '../text/describe-error.ts';
import { systemFault } from '../text/system-fault.ts';

export interface FoundFile {
  readonly path: string;
  /** Set where the file may not be read at all. */
  readonly error?: DiptychError;
}

export const unreadable = (path: string, cause: unknown): DiptychError =>
  orOfMachine(
    new DiptychError('IMAGE_UNREADABLE', `Expected to read ${path}, got: ${describeError(cause)}. Check the path.`, {
      cause,
    }),
  );

/** Told of what is left out of a folder. */
export type OnLeftOut = (folder: string, message: string) => void;

/** Names in a warning; the count says how many more there are. */
const mostNamed = 3;

/** Those that are not read too: each is told as a fault of its own. */
const isPicture = (name: string): boolean =>
  [imageEndings, unreadImageEndings].some((endings) => endings.has(extname(name).toLowerCase()));

/**
 * The image files of a folder, or the file that the user names. What is hidden in a folder is left out, as in an image
 * set: macOS writes `._x.jpg` beside `x.jpg`, notebooks and desktops keep copies in `.ipynb_checkpoints` and
 * `.thumbnails`. `onLeftOut` is told of it. Rejects with IMAGE_UNREADABLE where the path leads nowhere, with IMAGES_FOLDER_INVALID where a folder
 * cannot be read or holds none.
 */
export async function findFiles(path: string, onLeftOut: OnLeftOut = () => undefined): Promise<FoundFile[]> {
  // A link that the user names is followed; one within a folder must not lead out of it.
  const facts = await stat(path).catch((cause: unknown) => {
    throw unreadable(path, cause);
  });
  if (!facts.isDirectory()) return [{ path }];
  const root = await realpath(path);
  const entries = await readdir(path, { recursive: true, withFileTypes: true }).catch((cause: unknown) => {
    throw folderFault(`Expected ${path} to be a readable folder, got: ${describeError(cause)}. Change its rights.`, cause);
  });
  const pictures = entries
    .filter((entry) => !entry.isDirectory() && isPicture(entry.name))
    .map((entry) => ({ path: join(entry.parentPath, entry.name), isLink: entry.isSymbolicLink() }))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
  const found = pictures.filter((picture) => !isHidden(path, picture.path));
  if (found.length === 0)
    throw folderFault(
      `Expected image files that are not hidden in ${path}, found none. Name a folder that holds JPEG, PNG, WebP, GIF, TIFF or AVIF.`,
    );
  const hidden = pictures.filter((picture) => isHidden(path, picture.path)).map((picture) => relative(path, picture.path));
  if (hidden.length > 0) onLeftOut(path, leftOut(hidden));
  // Only a link may lead elsewhere: folders behind links are not searched.
  return Promise.all(
    found.map(({ path: file, isLink }) => (isLink ? checkInside(file, root) : Promise.resolve({ path: file }))),
  );
}

/** Only parts below the folder count: where it lies is the user's word. */
const isHidden = (folder: string, file: string): boolean =>
  relative(folder, file)
    .split(sep)
    .some((part) => part.startsWith('.'));

function leftOut(hidden: readonly string[]): string {
  const more = hidden.length > mostNamed ? ` and ${hidden.length - mostNamed} more` : '';
  const count = `${hidden.length} picture${hidden.length === 1 ? ' is' : 's are'} left out`;
  return `${count}, hidden by a name that begins with a dot: ${hidden.slice(0, mostNamed).join(', ')}${more}. Name a file itself to have it read.`;
}

const folderFault = (message: string, cause?: unknown): DiptychError =>
  orOfMachine(new DiptychError('IMAGES_FOLDER_INVALID', message, { cause }));

/** A path or folder that cannot be read for want of descriptors is not a wrong one. */
const orOfMachine = (fault: DiptychError): DiptychError => systemFault(fault) ?? fault;

/** A file named on the command line is the user's word; a link found in a folder is not. */
async function checkInside(path: string, root: string): Promise<FoundFile> {
  const real = await realpath(resolve(path)).catch((cause: unknown) => {
    // A dangling link is reported when it is read; a fault of the machine says nothing of where a link leads.
    const ofMachine = systemFault(cause);
    if (ofMachine) throw ofMachine;
  });
  if (real === undefined || real.startsWith(root + sep)) return { path };
  return {
    path,
    error: new DiptychError(
      'PATH_OUTSIDE_ROOT',
      `Expected ${path} to stay in its folder, it is a link that leaves it. Name the file itself.`,
    ),
  };
}
