/**
 * A folder of images that the user names: listing, and reading files without ever leaving it. A name or a symbolic
 * link that leads outside is an error, not a skipped file, so that a set never loses images in silence.
 */
import { createHash } from 'node:crypto';
import { type Dirent, existsSync } from 'node:fs';
import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import { basename, extname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { DiptychError, imageEndings, unreadImageEndings } from '@diptych/plugin-kit';

export interface ImageFolder {
  /** Real path, all links resolved. */
  readonly root: string;
  readonly name: string;
}

export interface FoundFile {
  readonly path: string;
  readonly sizeBytes: number;
}

export async function openImageFolder(baseFolder: string, folder: string): Promise<ImageFolder> {
  const path = resolve(baseFolder, folder);
  try {
    const root = await realpath(path);
    if (!(await stat(root)).isDirectory()) throw new Error('it is no folder');
    return { root, name: basename(path) };
  } catch (cause) {
    throw new DiptychError(
      'IMAGES_FOLDER_INVALID',
      `Expected ${path} to be a readable folder, received: ${(cause as Error).message}. Check \`folder\` in the options.`,
      { cause, details: { path } },
    );
  }
}

const isInside = (root: string, path: string): boolean => {
  const way = relative(root, path);
  return way === '' || (!isAbsolute(way) && way !== '..' && !way.startsWith(`..${sep}`));
};

function outside(root: string, name: string): DiptychError {
  const cure = isAbsolute(name)
    ? 'a whole path. Write it as it is seen from the folder.'
    : 'a name or link that leaves it. Move the file into the folder.';
  return new DiptychError('PATH_OUTSIDE_ROOT', `Expected "${name.slice(0, 300)}" to stay in ${root}, received ${cure}`, {
    details: { root, name },
  });
}

/** The file of a name relative to the folder, or undefined where there is none. Throws PATH_OUTSIDE_ROOT. */
export async function findFile({ root }: ImageFolder, name: string): Promise<FoundFile | undefined> {
  if (name.includes('\0') || isAbsolute(name) || !isInside(root, resolve(root, name))) throw outside(root, name);
  try {
    const path = await realpath(join(root, name));
    if (!isInside(root, path)) throw outside(root, name);
    const found = await stat(path);
    return found.isFile() ? { path, sizeBytes: found.size } : undefined;
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG'].includes((error as NodeJS.ErrnoException).code ?? ''))
      return undefined;
    throw error;
  }
}

/**
 * Bytes of a listed file. The place of the file is checked again, since links may have changed after the listing. A file
 * of more than `maxBytes` is refused before it is read.
 */
export async function readFileInside(
  folder: ImageFolder,
  name: string,
  { maxBytes, signal }: { readonly maxBytes: number; readonly signal: AbortSignal },
): Promise<Uint8Array> {
  signal.throwIfAborted();
  const found = await findFile(folder, name);
  if (found === undefined) {
    throw new DiptychError(
      'IMAGES_FOLDER_INVALID',
      `Expected the file ${name} in ${folder.root}, received nothing: it was removed after the listing. Restore it.`,
      { details: { name } },
    );
  }
  if (found.sizeBytes > maxBytes)
    throw new DiptychError(
      'IMAGE_TOO_LARGE',
      `Expected ${name} to have at most ${maxBytes} bytes, received ${found.sizeBytes}. Shrink the image or raise limits.maxImageBytes.`,
      { details: { name } },
    );
  const bytes = await readFile(found.path, { signal });
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** By code units, so that the order is the same in every locale. */
const byName = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

async function entriesOf(path: string): Promise<Dirent[]> {
  try {
    return await readdir(path, { withFileTypes: true });
  } catch (cause) {
    throw new DiptychError(
      'IMAGES_FOLDER_INVALID',
      `Expected ${path} to be a readable folder, received: ${(cause as Error).message}. Change its rights or move it out.`,
      {
        cause,
        details: { path },
      },
    );
  }
}

/**
 * Names of all image files below the folder, sorted, with `/` between parts. Links to files within it count;
 * links to folders within it are left out, since their files are listed at their own place. So is what is hidden:
 * macOS writes `._x.jpg` beside `x.jpg`, notebooks and desktops keep copies of pictures in folders such as
 * `.ipynb_checkpoints` and `.thumbnails`, and a study would count them all.
 */
export async function* walkImages(
  folder: ImageFolder,
  signal: AbortSignal,
  { below = '', isHidden = false, unread }: WalkOptions = {},
): AsyncGenerator<string> {
  signal.throwIfAborted();
  const entries = await entriesOf(join(folder.root, below));
  for (const entry of entries.sort((a, b) => byName(a.name, b.name))) {
    const name = below === '' ? entry.name : `${below}/${entry.name}`;
    const isLeftOut = isHidden || entry.name.startsWith('.');
    if (entry.isDirectory()) {
      yield* walkImages(folder, signal, { below: name, isHidden: isLeftOut, unread });
      continue;
    }
    const ending = extname(entry.name).toLowerCase();
    const isImage = imageEndings.has(ending);
    if (isLeftOut) {
      if (isImage) unread?.add(name, 'hidden');
      continue;
    }
    if (entry.isFile() && unreadImageEndings.has(ending)) unread?.add(name, 'format');
    // A link is looked at whatever its name: one to a folder outside has no extension.
    const isFile = entry.isSymbolicLink() ? (await findFile(folder, name)) !== undefined : entry.isFile();
    if (isFile && isImage) yield name;
    if (!isFile && isImage) unread?.add(name, 'no file');
  }
}

interface WalkOptions {
  readonly below?: string;
  /** Of a hidden folder: its pictures are told as left out. */
  readonly isHidden?: boolean;
  readonly unread?: UnreadPictures | undefined;
}

/** The first of many names, and how many there are. */
class FirstNames {
  readonly first: string[] = [];
  readonly #most: number;
  count = 0;

  constructor(most: number) {
    this.#most = most;
  }

  add(name: string): void {
    this.count += 1;
    if (this.first.length < this.#most) this.first.push(name);
  }

  toString(): string {
    const more = this.count - this.first.length;
    return `${this.first.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
  }
}

/** Pictures of a folder without table that are not among its images. */
export class UnreadPictures {
  readonly #found = { format: new FirstNames(3), 'no file': new FirstNames(3), hidden: new FirstNames(3) };

  /** `no file` is a link that leads to none, or a pipe. */
  add(name: string, why: 'format' | 'no file' | 'hidden'): void {
    this.#found[why].add(name);
  }

  /** Says nothing where there are none. */
  tell({ root }: ImageFolder, warn: (message: string) => void): void {
    const { format, 'no file': none, hidden } = this.#found;
    const leftOut = ({ count }: FirstNames): string =>
      `${count} picture${count === 1 ? ' is' : 's are'} left out of ${root}`;
    if (format.count > 0)
      warn(
        `${leftOut(format)}, in a format that is not read: ${format.toString()}. Convert to PNG what belongs to the set.`,
      );
    if (none.count > 0)
      warn(`${leftOut(none)}, by whose name no file is found: ${none.toString()}. Restore what the links lead to.`);
    if (hidden.count > 0)
      warn(
        `${leftOut(hidden)}, hidden by a name that begins with a dot: ${hidden.toString()}. Rename what belongs to the set.`,
      );
  }
}

/** What a name that leads to no file may mean, where it looks as if it did. */
function cureOf(root: string, name: string): string {
  if (name.includes('\ufffd')) return ' A name that is not in UTF-8 cannot be read; rename that file.';
  if (name.includes('\\') && existsSync(join(root, name.replaceAll('\\', '/'))))
    return ' Write / between folders and files, as every system reads it.';
  // Spreadsheets write é as one character, file names from a Mac as two.
  const other = ['NFC', 'NFD'].map((form) => name.normalize(form)).find((form) => form !== name);
  return other !== undefined && existsSync(join(root, other))
    ? ' One that looks the same is there, its letters composed of other characters (Unicode NFC and NFD); rename the file, or change the row.'
    : '';
}

/** Listed names that were not found, told together. */
class MissingFiles extends FirstNames {
  throwIfAny(root: string): void {
    if (this.count === 0) return;
    throw new DiptychError(
      'IMAGES_FOLDER_INVALID',
      `Expected every listed file to exist in ${root}, received none for: ${this.toString()}. Restore the files or remove their rows.${cureOf(root, this.first[0]!)}`,
      { details: { missing: this.first, count: this.count } },
    );
  }
}

/** One pass over a listing of image files: its digest, and the faults that only the whole listing shows. */
export class ListingSurvey {
  readonly #hash = createHash('sha256');
  readonly #missing = new MissingFiles(20);
  #count = 0;

  /** `entry` is what the digest covers; `missing` names the entry whose file is not there. */
  add(entry: readonly unknown[], missing?: string): void {
    this.#count += 1;
    if (missing !== undefined) this.#missing.add(missing);
    this.#hash.update(`${JSON.stringify(entry)}\n`);
  }

  /** The digest. Throws IMAGES_FOLDER_INVALID where files are missing, all told together, or nothing was listed. */
  finish(root: string): string {
    this.#missing.throwIfAny(root);
    if (this.#count > 0) return this.#hash.digest('hex');
    throw new DiptychError(
      'IMAGES_FOLDER_INVALID',
      `Expected images in ${root}, received none. Check \`folder\`, \`table\` and \`filter\` in the options.`,
    );
  }
}
