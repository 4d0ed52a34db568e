import { rename, rm } from 'node:fs/promises';
import type { JournalRecord, RunFormat } from '@diptych/plugin-kit';
import { openJournal } from '../journal/open-journal.ts';
import { readJournal, readJournalBatches } from '../journal/read-journal.ts';
import type { ImageStore } from '../store/image-store.ts';
import { codeOfReason } from '../text/describe-error.ts';

/**
 * Before a run goes on: records whose image is no longer in the store are taken out of the journal, with all that
 * was said about them, so that they are made again; and so are scores that failed for want of their image. The journal is
 * replaced whole or not at all, in the run's own format. Gives the number of samples and authentic images taken out.
 */
export async function dropMissingImages(journalPath: string, store: ImageStore, format: RunFormat): Promise<number> {
  const { missing, failed } = await findMissing(journalPath, store);
  if (missing.size === 0 && failed.size === 0) return 0;
  const temporary = `${journalPath}.${process.pid}.tmp`;
  await rm(temporary, { force: true });
  const journal = await openJournal(temporary, { format });
  try {
    for await (const record of readJournal(journalPath, { validation: 'fast' }))
      if (!missing.has(subjectOf(record)) && !lackedImage(record)) await journal.append(record);
  } finally {
    await journal.close();
  }
  await rename(temporary, journalPath);
  return missing.size;
}

/** The file was gone, or held other bytes, when its turn came. */
const lackedImage = (record: JournalRecord): boolean =>
  (record.type === 'verdict' || record.type === 'detection') &&
  record.status === 'error' &&
  codeOfReason(record.reason ?? '') === 'IMAGE_MISSING';

/** The image a record is about. */
function subjectOf(record: JournalRecord): string {
  if (record.type === 'authentic' || (record.type === 'detection' && record.side === 'authentic'))
    return `authentic ${record.index}`;
  return `synthetic ${record.index}`;
}

/** Looks for every image; those that a score failed to find are read again, since bytes may have been changed under a name that is there. */
async function findMissing(
  journalPath: string,
  store: ImageStore,
): Promise<{ readonly missing: ReadonlySet<string>; readonly failed: ReadonlySet<string> }> {
  const missing = new Set<string>();
  const failed = new Set<string>();
  let last = '';
  for await (const { records } of readJournalBatches(journalPath, { validation: 'fast' })) {
    for (const record of records) {
      if (lackedImage(record)) failed.add(subjectOf(record));
      if ((record.type !== 'sample' && record.type !== 'authentic') || !record.image) continue;
      const { sha256, info } = record.image;
      if (sha256 === last) continue;
      if (await store.has({ sha256, container: info.container })) last = sha256;
      else missing.add(subjectOf(record));
    }
  }
  if (failed.size === 0) return { missing, failed };
  // A second pass: a score may stand before or after the record of its image where runs were merged.
  for await (const { records } of readJournalBatches(journalPath, { validation: 'fast' })) {
    for (const record of records) {
      if ((record.type !== 'sample' && record.type !== 'authentic') || !record.image) continue;
      const { sha256, info } = record.image;
      const subject = subjectOf(record);
      if (failed.has(subject) && !(await store.hasIntact({ sha256, container: info.container }))) missing.add(subject);
    }
  }
  return { missing, failed };
}
