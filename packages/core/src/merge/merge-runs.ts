/** Several shards become one run folder that report, verify and resume take like any other. */
import { constants } from 'node:fs';
import { appendFile, copyFile, link, mkdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { DiptychError, type Manifest } from '@diptych/plugin-kit';
import { type Journal, openJournal } from '../journal/open-journal.ts';
import { readJournalBatches } from '../journal/read-journal.ts';
import { SeenRecords } from '../journal/seen-records.ts';
import { readLabelLines } from '../labels/label-store.ts';
import { recordKey } from '../records/record-key.ts';
import { studyFromManifest, writeManifest } from '../run/manifest.ts';
import { createImageStore, type ImageRef } from '../store/image-store.ts';
import { canonicalJson } from '../text/canonical-json.ts';
import { describeError, systemCode } from '../text/describe-error.ts';
import { checkAuthentic, checkComplete, checkManifests, missingShards, overlapGuard } from './check-shards.ts';
import { openShard, refused, type ShardSurvey, surveyShard } from './survey-shard.ts';

export interface MergeOptions {
  /** Run folders, one a shard, in any order. */
  readonly runs: readonly string[];
  /** The new run folder; must not exist. */
  readonly outFolder: string;
  /** Accept missing and unfinished shards; the report then says so, and `resume` does the rest. */
  readonly partial?: boolean;
  readonly signal?: AbortSignal;
}

export interface MergedRun {
  readonly id: string;
  readonly runFolder: string;
  readonly manifest: Manifest;
  /** The proof: counts by shard; records overlap nowhere, or the merge would have been refused. */
  readonly shards: readonly {
    readonly run: string;
    readonly shard: string;
    readonly samples: number;
    readonly records: number;
    readonly lacking: readonly string[];
  }[];
  /** Counted from 0. */
  readonly missing: readonly number[];
}

/** Rejects with MERGE_REFUSED, RUN_EXISTS, RUN_NOT_FOUND, IMAGE_MISSING or STORE_WRITE_FAILED; then nothing is left behind. */
export async function mergeRuns(options: MergeOptions): Promise<MergedRun> {
  const outFolder = resolve(options.outFolder);
  if (options.runs.length === 0) throw refused('Expected run folders to merge, received none. Name the shards.');
  if (await exists(outFolder))
    throw new DiptychError('RUN_EXISTS', `Expected no folder at ${outFolder}, found one. Choose another name.`);
  const opened = await Promise.all(options.runs.map(openShard));
  opened.sort((a, b) => a.shard.index - b.shard.index);
  const manifests = opened.map(({ run }) => run.manifest);
  checkManifests(manifests);
  const surveys: ShardSurvey[] = [];
  for (const shard of opened) surveys.push(await surveyShard(shard));
  const missing = missingShards(manifests);
  checkAuthentic(surveys);
  checkComplete(surveys, missing, options.partial ?? false);
  return await writeMerged(outFolder, { surveys, missing, signal: options.signal });
}

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false, // what cannot be looked at fails later, when it is written
  );

interface Parts {
  readonly surveys: readonly ShardSurvey[];
  readonly missing: readonly number[];
  readonly signal: AbortSignal | undefined;
}

/** Made beside its place and renamed, so that a merge is whole or absent. */
async function writeMerged(outFolder: string, { surveys, missing, signal }: Parts): Promise<MergedRun> {
  const folder = join(dirname(outFolder), `.${basename(outFolder)}.${process.pid}.tmp`);
  try {
    await mkdir(folder, { recursive: true });
    const records = await copyRecords(folder, surveys, signal);
    await copyLabels(folder, surveys);
    const manifest = mergedManifest(outFolder, surveys, missing);
    await writeManifest(folder, manifest);
    await rename(folder, outFolder);
    const shards = surveys.map(({ run, shard, samples, lacking }, place) => ({
      run: run.id,
      shard: `${shard.index + 1}/${shard.of}`,
      samples,
      records: records[place]!,
      lacking,
    }));
    return { id: manifest.id, runFolder: outFolder, manifest, shards, missing };
  } catch (cause) {
    await rm(folder, { recursive: true, force: true });
    if (cause instanceof DiptychError || signal?.aborted) throw cause;
    throw new DiptychError(
      'STORE_WRITE_FAILED',
      `Expected to write ${outFolder}, got: ${describeError(cause)}. Free space or rights, then merge again.`,
      { cause },
    );
  }
}

/** Numbers of records written, by shard. */
async function copyRecords(folder: string, surveys: readonly ShardSurvey[], signal?: AbortSignal): Promise<number[]> {
  const isTaken = overlapGuard(surveys);
  const counts: number[] = [];
  await using journal = await openJournal(join(folder, 'journal.jsonl'), { format: surveys[0]!.run.manifest.format });
  for (const [place, survey] of surveys.entries())
    counts.push(await copyShard({ folder, journal, survey, place, isTaken, signal }));
  await journal.flush();
  return counts;
}

interface ShardCopy {
  readonly folder: string;
  readonly journal: Journal;
  readonly survey: ShardSurvey;
  readonly place: number;
  readonly isTaken: ReturnType<typeof overlapGuard>;
  readonly signal: AbortSignal | undefined;
}

async function copyShard({ folder, journal, survey, place, isTaken, signal }: ShardCopy): Promise<number> {
  const from = createImageStore(join(survey.run.folder, 'images'));
  const to = createImageStore(join(folder, 'images'));
  const written = new SeenRecords();
  let count = 0;
  for await (const { records } of readJournalBatches(join(survey.run.folder, 'journal.jsonl'))) {
    signal?.throwIfAborted();
    for (const record of records) {
      const { group, index } = recordKey(record);
      if (!written.add(group, index)) continue;
      if (isTaken(group, record, place)) continue;
      if ((record.type === 'sample' || record.type === 'authentic') && record.image)
        await copyImage(from.pathOf(refOf(record.image)), to.pathOf(refOf(record.image)), survey.run.id);
      await journal.append(record);
      count += 1;
    }
  }
  return count;
}

const refOf = ({ sha256, info }: { sha256: string; info: { container: ImageRef['container'] } }): ImageRef => ({
  sha256,
  container: info.container,
});

/** A hard link where the file system gives one: a merge then needs no room for images. */
async function copyImage(from: string, to: string, run: string): Promise<void> {
  try {
    await mkdir(dirname(to), { recursive: true });
    await link(from, to);
  } catch (error) {
    const code = systemCode(error);
    if (code === 'EEXIST') return;
    if (code === 'ENOENT')
      throw new DiptychError(
        'IMAGE_MISSING',
        `Expected image ${basename(from)} in the image store of ${run}, found none. Restore it, or resume that shard.`,
        { cause: error },
      );
    // Another disk, or a file system without links.
    await copyFile(from, to, constants.COPYFILE_EXCL);
  }
}

/** Indices of labels are those of the plan, so that they need no change. */
async function copyLabels(folder: string, surveys: readonly ShardSurvey[]): Promise<void> {
  for (const { run } of surveys) {
    const lines = await readLabelLines(run.folder);
    if (lines.length > 0) await appendFile(join(folder, 'labels.jsonl'), `${lines.join('\n')}\n`);
  }
}

/** Of all shards and of what they went on with, each once, without that of the first: some of the records are theirs. */
function otherRuntimes([first, ...others]: readonly Manifest[]): NonNullable<Manifest['runtime']>[] {
  const key = (runtime: Manifest['runtime']): string => canonicalJson({ ...runtime, rejected: [] });
  const all = [...(first!.laterRuntimes ?? []), ...others.flatMap(({ runtime, laterRuntimes = [] }) => [runtime, ...laterRuntimes])]; // biome-ignore format: one list
  const found = new Map(all.flatMap((runtime) => (runtime === null ? [] : [[key(runtime), runtime] as const])));
  found.delete(key(first!.runtime));
  return [...found.values()];
}

function mergedManifest(outFolder: string, surveys: readonly ShardSurvey[], missing: readonly number[]): Manifest {
  const first = surveys[0]!.run;
  const { shard, ...rest } = first.manifest;
  const { baseFolder } = studyFromManifest(first.manifest, first.folder);
  const sum = surveys.reduce((total, { run }) => total + run.manifest.planned.samples, 0);
  const laterRuntimes = otherRuntimes(surveys.map(({ run }) => run.manifest));
  return {
    ...rest,
    ...(laterRuntimes.length > 0 && { laterRuntimes }),
    id: basename(outFolder),
    createdAt: surveys.map(({ run }) => run.manifest.createdAt).sort()[0]!,
    baseFolder: relative(outFolder, baseFolder) || '.',
    merged: {
      of: shard!.of,
      missing: [...missing],
      shards: surveys.map(({ run, samples, lacking }) => ({
        index: run.manifest.shard!.index,
        id: run.id,
        platform: run.manifest.platform,
        backend: run.manifest.runtime?.backend ?? null,
        samples,
        complete: lacking.length === 0,
      })),
    },
    planned: { samples: shard!.samples ?? sum, authentic: rest.planned.authentic },
  };
}
