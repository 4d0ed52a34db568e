/** Text files of any size, read as a stream: UTF-8 only, the byte order mark left out, never more than a line in memory. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { DiptychError, type ErrorCode } from '@diptych/plugin-kit';

/** Longest line or CSV record, in UTF-16 code units. Arbitrary; ten times the longest prompt that the schema allows. */
export const maxLineLength = 2 ** 20;

/** Which file is read and which code its faults have. */
export interface TextSource {
  readonly path: string;
  readonly code: Extract<ErrorCode, 'PROMPTS_INVALID' | 'IMAGES_FOLDER_INVALID'>;
}

export function textFault(
  { path, code }: TextSource,
  message: string,
  options: { details?: Record<string, unknown>; cause?: unknown } = {},
): DiptychError {
  return new DiptychError(code, message, { ...options, details: { path, ...options.details } });
}

/** Decoded pieces of the file. Rejects where the file cannot be read or is not UTF-8. */
export async function* readText(source: TextSource, signal: AbortSignal): AsyncGenerator<string> {
  signal.throwIfAborted();
  const decoder = new TextDecoder('utf-8', { fatal: true });
  const decode = (bytes?: Uint8Array) => {
    try {
      return bytes === undefined ? decoder.decode() : decoder.decode(bytes, { stream: true });
    } catch (cause) {
      throw textFault(
        source,
        `Expected ${source.path} to be text in UTF-8, received other bytes. Save it as text in UTF-8; a table is CSV or JSONL.`,
        { cause },
      );
    }
  };
  try {
    await checkRegular(source.path);
    for await (const bytes of createReadStream(source.path, { signal })) yield decode(bytes as Uint8Array);
  } catch (cause) {
    signal.throwIfAborted();
    if (cause instanceof DiptychError) throw cause;
    throw textFault(
      source,
      `Expected ${source.path} to be a readable file, received: ${(cause as Error).message}. Check the path in the options.`,
      { cause },
    );
  }
  yield decode();
}

/** A pipe cannot be read twice, as prompts and their digest need, and may never end. */
async function checkRegular(path: string): Promise<void> {
  const facts = await stat(path);
  if (!facts.isFile()) throw new Error(facts.isDirectory() ? 'it is a folder' : 'it is a pipe or device');
}

export interface Line {
  /** Counted from 1. */
  readonly line: number;
  readonly text: string;
}

/** As Python's `open` reads text, with which the published sets are read: LF, CRLF, and the CR alone of old spreadsheets. */
const lineEnd = /\r\n|\n|\r/;

/** Lines without their ends; the empty rest after a last line end is not a line. */
export async function* readLines(source: TextSource, signal: AbortSignal): AsyncGenerator<Line> {
  let rest = '';
  let line = 0;
  const check = (text: string) => {
    if (text.length > maxLineLength) {
      throw textFault(
        source,
        `Expected lines of at most ${maxLineLength} characters in ${source.path}, received a longer one at line ${line + 1}. Shorten it.`,
        { details: { line: line + 1 } },
      );
    }
    return text;
  };
  for await (const piece of readText(source, signal)) {
    const text = rest + piece;
    // At the end of a piece it may be the first half of CRLF.
    const held = text.endsWith('\r') ? '\r' : '';
    const parts = text.slice(0, text.length - held.length).split(lineEnd);
    for (const part of parts.slice(0, -1)) {
      yield { line: line + 1, text: check(part) };
      line += 1;
    }
    rest = check(parts.at(-1)!) + held;
  }
  if (rest !== '') yield { line: line + 1, text: rest.replace(/\r$/, '') };
}

/** SHA-256 of the bytes of a file, hex. */
export async function digestFile(source: TextSource, signal: AbortSignal): Promise<string> {
  signal.throwIfAborted();
  const hash = createHash('sha256');
  try {
    await checkRegular(source.path);
    for await (const bytes of createReadStream(source.path, { signal })) hash.update(bytes as Uint8Array);
  } catch (cause) {
    signal.throwIfAborted();
    throw textFault(
      source,
      `Expected ${source.path} to be a readable file, received: ${(cause as Error).message}. Check the path in the options.`,
      { cause },
    );
  }
  return hash.digest('hex');
}
