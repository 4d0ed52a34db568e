/** Judges and detectors over single files or a folder, without a run. */
import { readFile, stat } from 'node:fs/promises';
import {
  type DetectionRecord,
  DiptychError,
  type ErrorCode,
  type ImageInfo,
  type Limits,
  type VerdictRecord,
} from '@diptych/plugin-kit';
import { type HeldImage, presentImage } from '../images/present-image.ts';
import { checkSize } from '../images/read-image-info.ts';
import { Meters } from '../pacing/meter.ts';
import type { LoadedStudy } from '../plugins/loaded-study.ts';
import { systemFault } from '../text/system-fault.ts';
import { type FoundFile, findFiles, unreadable } from './find-files.ts';
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
  /** Files and folders; folders are searched for image files that are not hidden, links that leave them are reported and not followed. */
  readonly paths: readonly string[];
  /** Loaded from a study of judges and detectors only; see `studyOfScorers`. */
  readonly loaded: LoadedStudy;
  readonly signal?: AbortSignal;
  /** Told of what plugins throw beside their answers, and of what is left out of folders. */
  readonly onWarning?: (pluginOrFolder: string, message: string) => void;
}

/** Yields a result for every file, in order; images are scored as received. Rejects when a path does not exist. */
export async function* scoreFiles({
  paths,
  loaded,
  signal: given,
  onWarning = () => undefined,
}: ScoreFilesOptions): AsyncGenerator<FileScores> {
  const files: FoundFile[] = [];
  // One by one: a large folder's, as arguments of one call, would overflow the stack.
  for (const path of paths) for (const file of await findFiles(path, onWarning)) files.push(file);
  const thrown = new AbortController();
  const signal = given ? AbortSignal.any([given, thrown.signal]) : thrown.signal;
  const context: ScoringContext = { loaded, meters: new Meters(), limits: loaded.study.limits, signal };
  const strays = watchStrays(onWarning, { stop: (fault) => thrown.abort(fault) });
  try {
    for (const group of inGroups(files, minWindowImages)) {
      signal.throwIfAborted();
      yield* await scoreGroup(group, loaded, context);
    }
  } finally {
    await strays.end();
  }
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
    await checkRegular(path, study.limits);
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
async function checkRegular(path: string, limits: Limits): Promise<void> {
  const facts = await stat(path);
  if (!facts.isFile())
    throw new DiptychError('IMAGE_UNREADABLE', `Expected ${path} to be a file, got a pipe or device. Name a file.`);
  checkSize(facts.size, limits);
}
