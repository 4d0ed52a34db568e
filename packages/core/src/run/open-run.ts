import { readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import {
  DiptychError,
  type ImageInfo,
  imageInfoSchema,
  type JournalRecord,
  type LabelRecord,
  type Manifest,
} from '@diptych/plugin-kit';
import { type ReadJournalOptions, readJournal } from '../journal/read-journal.ts';
import { SeenRecords } from '../journal/seen-records.ts';
import { readLabels } from '../labels/label-store.ts';
import { recordKey } from '../records/record-key.ts';
import { createImageStore, type ImageStore } from '../store/image-store.ts';
import { systemCode } from '../text/describe-error.ts';
import { readManifest } from './manifest.ts';

/** A run folder, read-only and without its lock, so that a running run can be looked at. */
export interface Run {
  readonly id: string;
  /** Absolute. */
  readonly folder: string;
  readonly manifest: Manifest;
  /** Records in the order written, the first of each key only; validated in full unless asked otherwise. */
  records(options?: Pick<ReadJournalOptions, 'validation'>): AsyncIterable<JournalRecord>;
  /** Human labels, see docs/run-format.md; none where there is no labels.jsonl. */
  labels(): Promise<LabelRecord[]>;
  /** Where an image lies; `readImage` reads it and guards against links that leave the folder. */
  imagePath(image: RunImage): string;
  readImage(image: RunImage): Promise<Uint8Array>;
  /** For callers that have only the digest. Rejects with IMAGE_MISSING. */
  findImage(sha256: string): Promise<FoundImage>;
}
export interface FoundImage {
  readonly container: ImageInfo['container'];
  readonly bytes: Uint8Array;
}
/** As records hold it. */
export interface RunImage {
  readonly sha256: string;
  readonly info: Pick<ImageInfo, 'container'>;
}

/** Rejects with RUN_NOT_FOUND, RUN_FORMAT_UNSUPPORTED or MANIFEST_INVALID; `records` may throw JOURNAL_CORRUPT. */
export async function openRun(folder: string): Promise<Run> {
  const absolute = resolve(folder);
  const manifest = await readManifest(absolute);
  const store = createImageStore(join(absolute, 'images'));
  const refOf = ({ sha256, info }: RunImage) => ({ sha256, container: info.container });
  return {
    id: manifest.id,
    folder: absolute,
    manifest,
    records: (options) => firstRecords(join(absolute, 'journal.jsonl'), options),
    labels: () => readLabels(absolute),
    imagePath: (image) => store.pathOf(refOf(image)),
    readImage: (image) => store.get(refOf(image), { verify: true }),
    findImage: (sha256) => findImage(store, sha256),
  };
}

/** The digest does not say the container; there are seven, and looking is one `lstat` each. */
async function findImage(store: ImageStore, sha256: string): Promise<FoundImage> {
  for (const container of imageInfoSchema.shape.container.options) {
    if (await store.has({ sha256, container }))
      return { container, bytes: await store.get({ sha256, container }, { verify: true }) };
  }
  throw new DiptychError(
    'IMAGE_MISSING',
    `Expected image ${sha256} in the image store, found none. Restore the file, or resume the run.`,
  );
}

async function* firstRecords(
  path: string,
  options: Pick<ReadJournalOptions, 'validation'> = {},
): AsyncGenerator<JournalRecord> {
  const seen = new SeenRecords();
  for await (const record of readJournal(path, options)) {
    const { group, index } = recordKey(record);
    if (seen.add(group, index)) yield record;
  }
}

export interface ListedRun {
  readonly folder: string;
  /** Absent when the manifest cannot be read; `error` then says why. */
  readonly manifest?: Manifest;
  readonly error?: DiptychError;
}

/** The runs in a folder, newest name first; a missing folder holds none. */
export async function listRuns(root: string): Promise<ListedRun[]> {
  const entries = await readdir(root, { withFileTypes: true }).catch((error: unknown) => {
    if (systemCode(error) === 'ENOENT') return [];
    throw error;
  });
  const folders = entries.filter((entry) => entry.isDirectory()).map((entry) => join(resolve(root), entry.name));
  const listed = await Promise.all(folders.sort().reverse().map(describeRun));
  return listed.filter((run) => run !== undefined);
}

async function describeRun(folder: string): Promise<ListedRun | undefined> {
  try {
    return { folder, manifest: await readManifest(folder) };
  } catch (error) {
    if (!(error instanceof DiptychError)) throw error;
    return error.code === 'RUN_NOT_FOUND' ? undefined : { folder, error };
  }
}
