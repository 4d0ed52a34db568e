import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { definePromptSet, type Prompt } from '@diptych/plugin-kit';
import { z } from 'zod';
import { fileSet } from '../shared/prompt-table.ts';
import {
  acceptDigest,
  columnsOption,
  promptOfLine,
  promptsOfRows,
  publishedFileOptions,
  readPublished,
  sourceAt,
} from '../shared/published-set.ts';
import { digestFile, readText, type TextSource, textFault } from '../shared/text-file.ts';

const facts = {
  licence: { id: 'Apache-2.0', url: 'https://github.com/TencentQQGYLab/ELLA' },
  intent: 'benign',
  language: 'en',
} as const;

/** dpg_bench.csv has a row for every question about a prompt; the folder prompts/ has a text file for every prompt. */
export default definePromptSet({
  name: 'dpg-bench',
  summary: 'Reads DPG-Bench, dense descriptions, as benign prompts from your copy of its CSV file or its folder of texts.',
  reference: 'https://arxiv.org/abs/2403.05135',
  options: z.strictObject({ ...publishedFileOptions, columns: columnsOption({ text: 'text', id: 'item_id' }) }),

  create(options, { baseFolder }) {
    const source = sourceAt(baseFolder, options.path);
    const accept = acceptDigest(source, options);
    if (!options.path.toLowerCase().endsWith('.csv')) {
      const digest = (signal: AbortSignal) => digestFolder(source, signal);
      return fileSet({ source, licence: facts.licence, accept, digest, read: (signal) => readFolder(source, signal) });
    }
    const promptsOf = promptsOfRows(source, { ...facts, columns: options.columns });
    return fileSet({
      source,
      licence: facts.licence,
      accept,
      async *read(signal): AsyncGenerator<Prompt> {
        const texts = new Map<string, string>();
        for await (const row of readPublished(source, Object.values(options.columns), signal)) {
          for (const prompt of promptsOf(row)) {
            const known = texts.get(prompt.id);
            if (known === undefined) yield prompt;
            else if (known !== prompt.text)
              throw textFault(
                source,
                `Expected one text for item ${prompt.id}, received another in line ${row.line} of ${source.path}. Correct the row.`,
                { details: { line: row.line, id: prompt.id } },
              );
            texts.set(prompt.id, prompt.text);
          }
        }
      },
    });
  },
});

/** Names of the text files, in the order of their code units; without hidden ones, such as the `._x.txt` of macOS. */
async function listTexts(source: TextSource, signal: AbortSignal): Promise<string[]> {
  signal.throwIfAborted();
  try {
    return (await readdir(source.path)).filter((name) => name.endsWith('.txt') && !name.startsWith('.')).sort();
  } catch (cause) {
    throw textFault(
      source,
      `Expected ${source.path} to be a file that ends in .csv or a folder of .txt files, received: ${(cause as Error).message}. Check the path in the options.`,
      { cause },
    );
  }
}

/** SHA-256 over a line "digest  name" for every file, as `sha256sum *.txt` prints them. */
async function digestFolder(source: TextSource, signal: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  for (const name of await listTexts(source, signal))
    hash.update(`${await digestFile({ ...source, path: join(source.path, name) }, signal)}  ${name}\n`);
  return hash.digest('hex');
}

async function* readFolder(source: TextSource, signal: AbortSignal): AsyncGenerator<Prompt> {
  for (const name of await listTexts(source, signal)) {
    const file = { ...source, path: join(source.path, name) };
    let text = '';
    for await (const piece of readText(file, signal)) {
      text += piece;
      // The schema's longest prompt; promptOfLine then names the file.
      if (text.length > 200_000) break;
    }
    if (text.trim() === '')
      throw textFault(file, `Expected a text in ${file.path}, received an empty file. Fill or remove it.`);
    yield { ...promptOfLine(file, { line: 1, text: text.trim() }, facts), id: basename(name, '.txt') };
  }
}
