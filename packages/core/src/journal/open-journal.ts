/**
 * The append-only journal. Records are buffered and written in groups, each group synced to the disk before it counts
 * as kept (group commit): a crash loses at most the last group, and never half a record, because a torn last line is
 * cut off on open.
 */
import { type FileHandle, open } from 'node:fs/promises';
import { DiptychError, type JournalRecord, type RunFormat, runFormatVersion } from '@diptych/plugin-kit';
import { lineOfFormat } from '../records/older-formats.ts';
import { describeError } from '../text/describe-error.ts';
import { maxLineBytes } from './read-journal.ts';

/** Where the bytes go; tests hand in one that fails. */
export interface JournalFile {
  write(buffer: Buffer): Promise<{ bytesWritten: number }>;
  datasync(): Promise<void>;
  close(): Promise<void>;
}

export interface JournalOptions {
  readonly file?: JournalFile;
  /** A group is written after this many records … */
  readonly groupRecords?: number;
  /** … or after this time. 100 ms: work lost to a crash stays below what a user notices. */
  readonly groupMs?: number;
  /** Of the run that the journal belongs to; the newest where absent. */
  readonly format?: RunFormat;
}

export interface Journal<R = JournalRecord> extends AsyncDisposable {
  readonly path: string;
  /**
   * Takes a record; resolves at once while the buffer has room, else when it has been written. Rejects with
   * STORE_WRITE_FAILED once any write failed.
   */
  append(record: R): Promise<void> | void;
  /** Resolves when everything appended so far is on the disk. */
  flush(): Promise<void>;
  /** Flushes and closes. */
  close(): Promise<void>;
}

/** Opens for appending; cuts off a torn last line. `R`: what a line holds, where the file is not a journal of records. */
export async function openJournal<R = JournalRecord>(path: string, options: JournalOptions = {}): Promise<Journal<R>> {
  const file = options.file ?? (await openRepaired(path));
  return createWriter<R>(path, file, options);
}

async function openRepaired(path: string): Promise<FileHandle> {
  const file = await open(path, 'a+', 0o644).catch((cause: unknown) => {
    throw writeFailed(path, cause);
  });
  try {
    const { size } = await file.stat();
    const kept = await endOfLastLine(file, size);
    if (kept < size) {
      await file.truncate(kept);
      await file.datasync();
    }
    return file;
  } catch (cause) {
    await file.close();
    throw cause instanceof DiptychError ? cause : writeFailed(path, cause);
  }
}

/** The byte after the last newline, 0 when there is none; looks back no further than a line may be long. */
async function endOfLastLine(file: FileHandle, size: number): Promise<number> {
  const window = Buffer.allocUnsafe(Math.min(size, 2 ** 16));
  for (let end = size; end > 0 && size - end <= maxLineBytes; end -= Math.min(end, window.length)) {
    const start = Math.max(0, end - window.length);
    const { bytesRead } = await file.read(window, 0, end - start, start);
    const found = window.lastIndexOf(0x0a, bytesRead - 1);
    if (bytesRead > 0 && found >= 0) return start + found + 1;
  }
  if (size <= maxLineBytes) return 0;
  throw new DiptychError(
    'JOURNAL_CORRUPT',
    `Expected lines of at most ${maxLineBytes} bytes at the end of the journal, found a longer one. Restore it from a copy.`,
  );
}

const writeFailed = (path: string, cause: unknown): DiptychError =>
  new DiptychError(
    'STORE_WRITE_FAILED',
    `Expected to write ${path}, got: ${describeError(cause)}. Free space or rights, then resume; what was written is kept.`,
    { cause },
  );

function createWriter<R>(
  path: string,
  file: JournalFile,
  { groupRecords = 512, groupMs = 100, format = runFormatVersion }: JournalOptions,
): Journal<R> {
  let lines: string[] = [];
  let timer: NodeJS.Timeout | undefined;
  let writing: Promise<void> = Promise.resolve();
  let failure: DiptychError | undefined;

  const writeGroup = async (group: readonly string[]): Promise<void> => {
    if (failure) throw failure;
    try {
      await writeAll(file, Buffer.from(group.join('')));
      await file.datasync();
    } catch (cause) {
      failure = writeFailed(path, cause);
      throw failure;
    }
  };
  const flush = (): Promise<void> => {
    clearTimeout(timer);
    timer = undefined;
    if (lines.length > 0) {
      const group = lines;
      lines = [];
      writing = writing.then(() => writeGroup(group));
      // The failure is kept and thrown by the next append or flush; this only keeps the process from dying of it.
      writing.catch(() => undefined);
    }
    return writing;
  };
  const append = (record: R): Promise<void> | void => {
    if (failure) throw failure;
    lines.push(`${JSON.stringify(lineOfFormat(record, format))}\n`);
    if (lines.length >= groupRecords) return flush();
    timer ??= setTimeout(() => void flush().catch(() => undefined), groupMs);
  };
  let closed = false;
  const close = async (): Promise<void> => {
    if (closed) return;
    closed = true;
    try {
      await flush();
    } finally {
      await file.close();
    }
  };
  return { path, append, flush, close, [Symbol.asyncDispose]: close };
}

async function writeAll(file: JournalFile, data: Buffer): Promise<void> {
  for (let rest = data; rest.length > 0; ) {
    const { bytesWritten } = await file.write(rest);
    rest = rest.subarray(bytesWritten);
  }
}
