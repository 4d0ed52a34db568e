/** A user's table of prompts and their safe counterparts. */
import { cellText, readTable } from './table.ts';
import { digestFile, type TextSource, textFault } from './text-file.ts';

/** Held in memory: a study's prompts are thousands. Both arbitrary; characters are UTF-16 code units. */
const maxPairs = 100_000;
const maxCharacters = 2 ** 26;

export interface CounterpartTable {
  readonly digest: string;
  /** By the exact text, without blanks at its ends. */
  readonly counterparts: ReadonlyMap<string, string>;
}

/** CSV or JSONL with the columns `prompt` and `counterpart`, within `limits`. */
export async function readCounterparts(
  source: TextSource,
  signal: AbortSignal,
  limits = { pairs: maxPairs, characters: maxCharacters },
): Promise<CounterpartTable> {
  const format = source.path.toLowerCase().endsWith('.jsonl') ? 'jsonl' : 'csv';
  const counterparts = new Map<string, string>();
  let characters = 0;
  for await (const { line, values } of readTable({ ...source, format, required: ['prompt', 'counterpart'] }, signal)) {
    const [prompt, counterpart] = [cellText(values.prompt)?.trim(), cellText(values.counterpart)?.trim()];
    const fault = (what: string) =>
      textFault(source, `Expected ${what} in line ${line} of ${source.path}. Correct the row.`, { details: { line } });
    if (!prompt || !counterpart) throw fault('a prompt and its counterpart, received an empty one,');
    const known = counterparts.get(prompt);
    if (known !== undefined && known !== counterpart) throw fault('one counterpart for a prompt, received a second,');
    if (known === undefined) characters += prompt.length + counterpart.length;
    counterparts.set(prompt, counterpart);
    if (counterparts.size > limits.pairs || characters > limits.characters)
      throw textFault(
        source,
        `Expected at most ${limits.pairs} pairs of ${limits.characters} characters together in ${source.path}, received more at line ${line}. Leave out what the study does not ask.`,
        { details: { line } },
      );
  }
  if (counterparts.size === 0) throw textFault(source, `Expected pairs in ${source.path}, received none. Add one.`);
  return { digest: await digestFile(source, signal), counterparts };
}
