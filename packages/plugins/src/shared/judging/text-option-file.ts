import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { DiptychError } from '@diptych/plugin-kit';

/** Longest text that a model is asked with from a file, in bytes. Arbitrary; the longest published policy has 6 KB. */
const maxBytes = 256 * 1024;

export interface OptionText {
  readonly text: string;
  /** SHA-256 of the text, hex. */
  readonly sha256: string;
}

export const withDigest = (text: string): OptionText => ({ text, sha256: createHash('sha256').update(text).digest('hex') });

/** A text that the user brings as a file. Rejects with PLUGIN_OPTIONS_INVALID where there is none. */
export async function readOptionText(path: string, baseFolder: string): Promise<OptionText> {
  const bytes = await readFile(resolve(baseFolder, path)).catch((cause: unknown) => {
    throw invalid(`Expected a text file at ${path}, it cannot be read. Give its path from the study file.`, cause);
  });
  if (bytes.length > maxBytes) throw invalid(`Expected a text of at most ${maxBytes} bytes, ${path} has ${bytes.length}.`);
  const text = bytes.toString('utf8').trim();
  if (text === '') throw invalid(`Expected a text in ${path}, the file is empty.`);
  return withDigest(text);
}

const invalid = (message: string, cause?: unknown): DiptychError =>
  new DiptychError('PLUGIN_OPTIONS_INVALID', message, cause === undefined ? {} : { cause });
