import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import { DiptychError } from '@diptych/plugin-kit';
import { readSmallFile } from '../read-small-file.ts';

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
  const bytes = await readSmallFile(resolve(baseFolder, path), 'a text file', path, maxBytes);
  const text = bytes.toString('utf8').trim();
  if (text === '')
    throw new DiptychError('PLUGIN_OPTIONS_INVALID', `Expected a text in ${path}, the file is empty. Write one into it.`);
  return withDigest(text);
}
