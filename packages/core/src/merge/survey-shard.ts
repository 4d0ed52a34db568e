/** One look at a shard before a merge: what it holds, whether all of it is its own, and whether anything is missing. */
import { join } from 'node:path';
import { DiptychError, type JournalRecord, type Manifest } from '@diptych/plugin-kit';
import { readJournalBatches } from '../journal/read-journal.ts';
import { SeenRecords } from '../journal/seen-records.ts';
import { isAuthenticOfShard, isSampleOfShard, type Shard } from '../plan/shard-plan.ts';
import { detectionGroup, recordKey, verdictGroup } from '../records/record-key.ts';
import { openRun, type Run } from '../run/open-run.ts';

export interface ShardSurvey {
  readonly run: Run;
  readonly shard: Shard;
  readonly seen: SeenRecords;
  /** Digest of each authentic image by index, or the empty text where it could not be read. */
  readonly authentic: ReadonlyMap<number, string>;
  readonly samples: number;
  readonly highestSample: number;
  /** What is planned and has no record, in words; empty for a finished shard. */
  readonly lacking: readonly string[];
}

export const refused = (message: string, details?: Record<string, unknown>): DiptychError =>
  new DiptychError('MERGE_REFUSED', message, details ? { details } : {});

/** Rejects with MERGE_REFUSED where the folder holds a whole run. */
export async function openShard(folder: string): Promise<{ run: Run; shard: Shard }> {
  const run = await openRun(folder);
  const { shard } = run.manifest;
  if (shard) return { run, shard };
  throw refused(
    `Expected a shard in ${folder}, got a whole run. Merge runs that were started with \`diptych run --shard i/n\`.`,
  );
}

/** Reads the whole journal. Throws MERGE_REFUSED at the first record that belongs to another shard. */
export async function surveyShard({ run, shard }: { run: Run; shard: Shard }): Promise<ShardSurvey> {
  const seen = new SeenRecords();
  const authentic = new Map<number, string>();
  const own = { samples: 0, images: 0, authentic: new Set<number>(), highest: -1 };
  for await (const { records } of readJournalBatches(join(run.folder, 'journal.jsonl'))) {
    for (const record of records) {
      const { group, index } = recordKey(record);
      if (!seen.add(group, index)) continue;
      if (record.type === 'sample') {
        requireOwn(run, shard, record, isSampleOfShard(record.cluster, shard));
        own.samples += 1;
        own.highest = Math.max(own.highest, index);
        if (record.outcome === 'image') own.images += 1;
      } else if (record.type === 'authentic') {
        authentic.set(index, record.image?.sha256 ?? '');
        if (record.image && isAuthenticOfShard(record, shard)) own.authentic.add(index);
      }
    }
  }
  const counts = { samples: own.samples, images: own.images, authentic: own.authentic.size, allAuthentic: authentic.size };
  const lacking = lackingOf(run.manifest, seen, counts);
  return { run, shard, seen, authentic, samples: own.samples, highestSample: own.highest, lacking };
}

function requireOwn(run: Run, { index, of }: Shard, record: JournalRecord, isOwn: boolean): void {
  if (isOwn) return;
  throw refused(
    `Expected only samples of shard ${index + 1}/${of} in ${run.folder}, found sample ${record.index}, which belongs to another. Run the shard again with this version.`,
    { folder: run.folder, index: record.index },
  );
}

interface OwnCounts {
  readonly samples: number;
  readonly images: number;
  readonly authentic: number;
  readonly allAuthentic: number;
}

function lackingOf({ plugins, planned, study }: Manifest, seen: SeenRecords, own: OwnCounts): string[] {
  const lacking: string[] = [];
  const expect = (found: number, wanted: number, what: string): void => {
    if (found < wanted) lacking.push(`${wanted - found} of ${wanted} ${what}`);
  };
  expect(own.samples, planned.samples, 'samples');
  expect(own.allAuthentic, planned.authentic, 'authentic images');
  for (const { kind, as } of plugins) {
    if (kind === 'safety-judge') expect(seen.count(verdictGroup(as)), own.images, `verdicts of ${as}`);
    if (kind !== 'detector') continue;
    for (const protocol of study.protocols) {
      const count = (side: 'synthetic' | 'authentic'): number =>
        seen.count(detectionGroup({ detector: as, protocol, side }));
      expect(count('synthetic') + count('authentic'), own.images + own.authentic, `detections of ${as}, ${protocol},`);
    }
  }
  return lacking;
}
