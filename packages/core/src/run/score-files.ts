/** Judges and detectors over single files or a folder, without a run. */
import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import { extname, join, resolve, sep } from 'node:path';
import {
  type DetectionRecord,
  DiptychError,
  type ErrorCode,
  type ImageInfo,
  imageEndings,
  unreadImageEndings,
  type VerdictRecord,
} from '@diptych/plugin-kit';
import { type HeldImage, presentImage } from '../images/present-image.ts';
import { Meters } from '../pacing/meter.ts';
import type { LoadedStudy } from '../plugins/loaded-study.ts';
import { describeError } from '../text/describe-error.ts';
import { systemFault } from '../text/system-fault.ts';
import { minWindowImages } from './image-windows.ts';
import { detectImages, type IndexedImage, judgeImages, type ScoringContext } from './score-images.ts';
import { watchStrays } from './stray-errors.ts';
import { inGroups, openFiles, runPool } from './work-pool.ts';

/** Records without what only a run knows: the sample, and whether its image is synthetic or authentic. */
export type FileVerdict = Omit<VerdictRecord, 'index'>;
export type FileDetection = Omit<DetectionRecord, 'index' | 'side'>;

/** What became of one file: scores, or why it could not be read. */
export interface FileScores {
  /** As given, or below the given folder. */
  readonly path: string;
  readonly image?: { readonly sha256: string; readonly info: ImageInfo };
  readonly error?: { readonly code: ErrorCode; readonly message: string };
  readonly verdicts: readonly FileVerdict[];
  readonly detections: readonly FileDetection[];
}

export interface ScoreFilesOptions {
  /** Files and folders; folders are searched for image files, links that leave them are reported and not followed. */
  readonly paths: readonly string[];
  /** Loaded from a study of judges and detectors only; see `studyOfScorers`. */
  readonly loaded: LoadedStudy;
  readonly signal?: AbortSignal;
  /** Told of what plugins throw beside their answers. */
  readonly onWarning?: (plugin: string, message: string) => void;
}

/** Yields a result for every file, in order; images are scored as received. Rejects when a path does not exist. */
export async function* scoreFiles({
  paths,
  loaded,
  signal = new AbortController().signal,
  onWarning = () => undefined,
}: ScoreFilesOptions): AsyncGenerator<FileScores> {
  const files: FoundFile[] = [];
  // One by one: a large folder's, as arguments of one call, would overflow the stack.
  for (const path of paths) for (const file of await findFiles(path)) files.push(file);
  const context: ScoringContext = { loaded, meters: new Meters(), limits: loaded.study.limits, signal };
  const strays = watchStrays(onWarning);
  try {
    for (const group of inGroups(files, minWindowImages)) {
      signal.throwIfAborted();
      yield* await scoreGroup(group, loaded, context);
    }
  } finally {
    await strays.end();
  }
}

interface FoundFile {
  readonly path: string;
  /** Set where the file may not be read at all. */
  readonly error?: DiptychError;
}

async function scoreGroup(group: readonly FoundFile[], loaded: LoadedStudy, context: ScoringContext): Promise<FileScores[]> {
  const opened: OpenedFile[] = [];
  await runPool(group.entries(), openFiles, async ([place, file]) => {
    opened[place] = await openFile(file, loaded);
  });
  // No scorer is told the side; that of the record is dropped below.
  const items = opened.flatMap(({ image }, index): IndexedImage[] =>
    image ? [{ index, side: 'synthetic', prompt: '', image }] : [],
  );
  const verdicts = group.map((): FileVerdict[] => []);
  const detections = group.map((): FileDetection[] => []);
  for (const judge of loaded.judges)
    await judgeImages(judge, items, context, async ({ index, ...verdict }) => void verdicts[index]!.push(verdict));
  for (const detector of loaded.detectors) {
    const keep = async (record: DetectionRecord): Promise<void> => {
      const { index, side: _, ...detection } = record;
      detections[index]!.push(detection);
    };
    await detectImages({ detector, protocol: 'as-received' }, items, context, keep);
  }
  for (const { image } of opened) image?.release();
  return opened.map(({ path, image, error }, index) => ({
    path,
    ...(image ? { image: { sha256: image.sha256, info: image.info } } : {}),
    ...(error ? { error: { code: error.code, message: error.message } } : {}),
    verdicts: verdicts[index]!,
    detections: detections[index]!,
  }));
}

interface OpenedFile {
  readonly path: string;
  readonly image?: HeldImage;
  readonly error?: DiptychError;
}

async function openFile({ path, error }: FoundFile, { study }: LoadedStudy): Promise<OpenedFile> {
  if (error) return { path, error };
  try {
    await checkRegular(path, study.limits.maxImageBytes);
    const bytes = await readFile(path);
    const image = await presentImage(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength), study.limits);
    // Decoded here, so that a truncated file is reported as itself and not as a fault of every plugin.
    await image.raster();
    return { path, image };
  } catch (fault) {
    return { path, error: fault instanceof DiptychError ? fault : (systemFault(fault) ?? unreadable(path, fault)) };
  }
}

/** Looked at before it is opened: a pipe or device may never end, and a file above the limit need not be in memory to be refused. */
async function checkRegular(path: string, maxBytes: number): Promise<void> {
  const facts = await stat(path);
  if (!facts.isFile())
    throw new DiptychError('IMAGE_UNREADABLE', `Expected ${path} to be a file, got a pipe or device. Name a file.`);
  if (facts.size > maxBytes)
    throw new DiptychError(
      'IMAGE_TOO_LARGE',
      `Expected at most ${maxBytes} bytes, got ${facts.size}. Shrink the image or raise limits.maxImageBytes.`,
    );
}

const unreadable = (path: string, cause: unknown): DiptychError =>
  orOfMachine(
    new DiptychError('IMAGE_UNREADABLE', `Expected to read ${path}, got: ${describeError(cause)}. Check the path.`, {
      cause,
    }),
  );

/** Those that are not read too: each is told as a fault of its own. */
const isPicture = (name: string): boolean =>
  [imageEndings, unreadImageEndings].some((endings) => endings.has(extname(name).toLowerCase()));

async function findFiles(path: string): Promise<FoundFile[]> {
  // A link that the user names is followed; one within a folder must not lead out of it.
  const facts = await stat(path).catch((cause: unknown) => {
    throw unreadable(path, cause);
  });
  if (!facts.isDirectory()) return [{ path }];
  const root = await realpath(path);
  const entries = await readdir(path, { recursive: true, withFileTypes: true }).catch((cause: unknown) => {
    throw folderFault(`Expected ${path} to be a readable folder, got: ${describeError(cause)}. Change its rights.`, cause);
  });
  const found = entries
    .filter((entry) => !entry.isDirectory() && isPicture(entry.name))
    .map((entry) => ({ path: join(entry.parentPath, entry.name), isLink: entry.isSymbolicLink() }))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
  if (found.length === 0)
    throw folderFault(
      `Expected image files in ${path}, found none. Name a folder that holds JPEG, PNG, WebP, GIF, TIFF or AVIF.`,
    );
  // Only a link may lead elsewhere: folders behind links are not searched.
  return Promise.all(
    found.map(({ path: file, isLink }) => (isLink ? checkInside(file, root) : Promise.resolve({ path: file }))),
  );
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
