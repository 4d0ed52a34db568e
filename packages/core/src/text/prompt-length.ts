/** How long a prompt is: words by the rules of its language, tokens by a tokenizer that is named. */
import type { SampleRecord } from '@diptych/plugin-kit';

/**
 * Byte-pair encoding of GPT-4o and later, 200,000 entries over all scripts. Text encoders of generators use others
 * (CLIP's, T5's); one tokenizer for all prompts keeps lengths comparable.
 */
const tokenizer = 'o200k_base';

/** Prompts repeat over samples and generators; texts beyond this number are measured again. Arbitrary. */
const remembered = 10_000;

export type PromptLength = NonNullable<SampleRecord['promptLength']>;

/**
 * Words are the word-like segments of Unicode's text segmentation (UAX 29), which finds words in Chinese, Japanese and
 * Thai too, where no spaces stand between them; punctuation does not count.
 */
export function countWords(text: string, language: string): number {
  let words = 0;
  for (const { isWordLike } of segmenterOf(language).segment(text)) if (isWordLike) words += 1;
  return words;
}

const segmenters = new Map<string, Intl.Segmenter>();

function segmenterOf(language: string): Intl.Segmenter {
  const found = segmenters.get(language);
  if (found) return found;
  let made: Intl.Segmenter;
  try {
    made = new Intl.Segmenter(language, { granularity: 'word' });
  } catch {
    // A language tag that is none: the root rules segment every script.
    made = new Intl.Segmenter('und', { granularity: 'word' });
  }
  segmenters.set(language, made);
  return made;
}

/** Loads the vocabulary, some 70 MB of memory, on its first call; gives a function that measures texts at once. */
export async function openPromptLength(): Promise<(text: string, language: string) => PromptLength> {
  const { countTokens } = await import('gpt-tokenizer/encoding/o200k_base');
  const known = new Map<string, PromptLength>();
  return (text, language) => {
    const key = `${language} ${text}`;
    const found = known.get(key);
    if (found) return found;
    // Texts that look like control tokens are words of a prompt like any other.
    const tokens = countTokens(text, { disallowedSpecial: new Set() });
    const length = { words: countWords(text, language), tokens, tokenizer };
    if (known.size >= remembered) known.clear();
    known.set(key, length);
    return length;
  };
}
