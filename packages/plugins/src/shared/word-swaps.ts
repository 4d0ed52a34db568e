/** A user's list of words and what stands in their place, applied to texts. */
import { createHash } from 'node:crypto';
import { cellText, readTable } from './table.ts';
import { type TextSource, textFault } from './text-file.ts';

/** A list beyond these is no word list. Arbitrary; characters are UTF-16 code units. */
const maxWords = 50_000;
const maxWordLength = 200;
const maxReplacementLength = 1000;

export interface WordSwaps {
  /** SHA-256 of the pairs in file order, as "word<TAB>replacement<LF>". */
  readonly digest: string;
  /** The text with every listed word replaced; `undefined` where it holds none. */
  apply(text: string): string | undefined;
}

const normal = (text: string): string => text.normalize('NFC').toLowerCase();

/**
 * CSV with the columns `word` and `replacement`. Words and phrases match whole, without regard to case, the longest
 * first; a first letter in upper case stays so. An empty replacement takes the word out.
 */
export async function readWordSwaps(source: TextSource, signal: AbortSignal): Promise<WordSwaps> {
  const swaps = new Map<string, string>();
  const hash = createHash('sha256');
  for await (const { line, values } of readTable({ ...source, format: 'csv', required: ['word', 'replacement'] }, signal)) {
    const word = normal(cellText(values.word) ?? '').trim();
    const fault = (what: string) =>
      textFault(source, `Expected ${what} in line ${line} of ${source.path}. Correct the row.`, { details: { line } });
    if (word === '') throw fault('a word, received an empty one,');
    if (swaps.has(word)) throw fault(`each word once, received "${word.slice(0, 80)}" again,`);
    if (swaps.size >= maxWords) throw fault(`at most ${maxWords} words, received more,`);
    if (word.length > maxWordLength) throw fault(`a word of at most ${maxWordLength} characters, received a longer one,`);
    const replacement = cellText(values.replacement)?.trim() ?? '';
    if (replacement.length > maxReplacementLength)
      throw fault(`a replacement of at most ${maxReplacementLength} characters, received a longer one,`);
    swaps.set(word, replacement);
    hash.update(`${word}\t${replacement}\n`);
  }
  if (swaps.size === 0) throw textFault(source, `Expected words in ${source.path}, received none. Add one.`);
  const pattern = patternOf([...swaps.keys()], source);
  return {
    digest: hash.digest('hex'),
    apply(text) {
      let found = false;
      const swapped = text.normalize('NFC').replace(pattern, (word) => {
        found = true;
        const replacement = swaps.get(normal(word).replace(/\s+/g, ' ')) ?? '';
        return /^\p{Lu}/u.test(word) ? replacement.replace(/^\p{L}/u, (letter) => letter.toUpperCase()) : replacement;
      });
      return found
        ? swapped
            .replace(/ {2,}/g, ' ')
            .replace(/ +([,.;:!?])/g, '$1')
            .trim()
        : undefined;
    },
  };
}

/** One pattern of all words, the longest first. Throws where the list is larger than the engine takes. */
function patternOf(words: readonly string[], source: TextSource): RegExp {
  const longestFirst = words.toSorted((a, b) => b.length - a.length);
  const alternatives = longestFirst.map((word) => word.split(/\s+/).map(escapeRegExp).join('\\s+')).join('|');
  // Letters, digits and marks of every script make words; \b knows only ASCII.
  const pattern = new RegExp(`(?<![\\p{L}\\p{N}\\p{M}])(?:${alternatives})(?![\\p{L}\\p{N}\\p{M}])`, 'giu');
  try {
    // The engine compiles at the first use, for texts within Latin-1 and others apart, and better at the second use.
    for (const text of ['a', 'a', '\u3042', '\u3042']) text.replace(pattern, '');
  } catch (cause) {
    throw textFault(
      source,
      `Expected words in ${source.path} that make one pattern, received ${words.length} that are too long together. Leave out or shorten phrases.`,
      { cause },
    );
  }
  return pattern;
}

const escapeRegExp = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
