import { DiptychError, type JournalRecord, recordSchema } from '@diptych/plugin-kit';
import { IrregularFile, openRegular } from '../files/regular-file.ts';
import { upgradeLine } from '../records/older-formats.ts';
import { systemCode } from '../text/describe-error.ts';
import { describeIssues } from '../text/describe-issues.ts';

/** Longest line that is read. Our own lines stay below a megabyte; anything longer is damage. */
export const maxLineBytes = 8 * 2 ** 20;
const chunkBytes = 2 ** 18;
const newline = 0x0a;

export interface ReadJournalOptions {
  /** `full`: every record against its schema. `fast`: JSON and record type only; for journals this process wrote itself. */
  readonly validation?: 'full' | 'fast';
  /** Stop at this byte; a running journal grows while it is read. End of file where absent. */
  readonly endByte?: number;
}

/**
 * Yields the records of a journal in order, in flat memory. A torn last line is left out; damage anywhere else
 * rejects with JOURNAL_CORRUPT naming the line. A missing file is an empty journal.
 */
export async function* readJournal(path: string, options: ReadJournalOptions = {}): AsyncGenerator<JournalRecord> {
  for await (const batch of readJournalBatches(path, options)) yield* batch.records;
}

/** As `readJournal`, in batches of one chunk: no promise per record, and the byte after the batch's last full line. */
export async function* readJournalBatches(
  path: string,
  options: ReadJournalOptions = {},
): AsyncGenerator<{ records: JournalRecord[]; endByte: number }> {
  const file = await openRegular(path).catch((error: unknown) => {
    if (systemCode(error) === 'ENOENT') return undefined;
    if (error instanceof IrregularFile) throw corrupt(path, 1, error.message, error);
    throw error;
  });
  if (!file) return;
  const check = options.validation === 'fast' ? checkFast : checkFull;
  try {
    let pending = Buffer.alloc(0);
    let position = 0;
    let lineNumber = 0;
    const limit = options.endByte ?? Number.POSITIVE_INFINITY;
    for (;;) {
      const chunk = Buffer.allocUnsafe(Math.min(chunkBytes, limit - position));
      const { bytesRead } = chunk.length > 0 ? await file.read(chunk, 0, chunk.length, position) : { bytesRead: 0 };
      if (bytesRead === 0) break;
      position += bytesRead;
      const data =
        pending.length > 0 ? Buffer.concat([pending, chunk.subarray(0, bytesRead)]) : chunk.subarray(0, bytesRead);
      const records: JournalRecord[] = [];
      let start = 0;
      for (let end = data.indexOf(newline); end >= 0; end = data.indexOf(newline, start)) {
        lineNumber += 1;
        records.push(parseLine(data.toString('utf8', start, end), { path, lineNumber, check }));
        start = end + 1;
      }
      pending = data.subarray(start);
      if (pending.length > maxLineBytes) throw corrupt(path, lineNumber + 1, `a line longer than ${maxLineBytes} bytes`);
      if (records.length > 0) yield { records, endByte: position - pending.length };
    }
  } finally {
    await file.close();
  }
}

interface LineContext {
  readonly path: string;
  readonly lineNumber: number;
  check(value: unknown): JournalRecord | string;
}

function parseLine(line: string, { path, lineNumber, check }: LineContext): JournalRecord {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (cause) {
    throw corrupt(path, lineNumber, 'text that is not JSON', cause);
  }
  const record = check(upgradeLine(value));
  if (typeof record === 'string') throw corrupt(path, lineNumber, record);
  return record;
}

function checkFull(value: unknown): JournalRecord | string {
  const parsed = recordSchema.safeParse(value);
  return parsed.success ? parsed.data : `a record that does not match its schema (${describeIssues(parsed.error)})`;
}

const types = new Set<unknown>(['sample', 'authentic', 'verdict', 'detection']);

function checkFast(value: unknown): JournalRecord | string {
  const record = value as { type?: unknown; index?: unknown } | null;
  const isRecord =
    typeof record === 'object' && record !== null && types.has(record.type) && Number.isSafeInteger(record.index);
  return isRecord ? (value as JournalRecord) : 'a record without a known type and an index';
}

function corrupt(path: string, line: number, got: string, cause?: unknown): DiptychError {
  return new DiptychError(
    'JOURNAL_CORRUPT',
    `Expected a record at ${path}:${line}, got ${got}. Restore the journal from a copy.`,
    { cause, details: { line } },
  );
}
