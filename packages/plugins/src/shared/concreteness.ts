/** How concrete the words of a text are, by a lexicon with one mean rating for each word. English only. */
import { cellText, readTable } from './table.ts';
import { digestFile, type TextSource, textFault } from './text-file.ts';

export interface Lexicon {
  readonly digest: string;
  /** Mean rating from 1 (abstract) to 5 (concrete) by word or expression of two words, in lower case. */
  readonly ratings: ReadonlyMap<string, number>;
}

/** Tab-separated (.txt, .tsv) or CSV with at least the two columns. Brysbaert and others (2014): 39,954 entries. */
export async function readLexicon(
  source: TextSource,
  columns: { readonly word: string; readonly mean: string },
  signal: AbortSignal,
): Promise<Lexicon> {
  const isTabbed = /\.(txt|tsv)$/i.test(source.path);
  const ratings = new Map<string, number>();
  const table = { ...source, format: 'csv' as const, required: [columns.word, columns.mean] };
  for await (const { line, values } of readTable(isTabbed ? { ...table, delimiter: '\t', quoted: false } : table, signal)) {
    const word = cellText(values[columns.word])?.trim().toLowerCase() ?? '';
    const mean = Number(cellText(values[columns.mean]) ?? Number.NaN);
    if (word === '' || !(mean >= 1 && mean <= 5))
      throw textFault(
        source,
        `Expected a word and a mean from 1 to 5 in line ${line} of ${source.path}, received "${word.slice(0, 80)}" and "${String(values[columns.mean]).slice(0, 80)}". Correct the row.`,
        { details: { line } },
      );
    // The first of two entries that differ in case alone counts.
    if (!ratings.has(word)) ratings.set(word, mean);
  }
  if (ratings.size === 0) throw textFault(source, `Expected words in ${source.path}, received none. Fetch the file again.`);
  return { digest: await digestFile(source, signal), ratings };
}

/** Words of the closed classes of English (articles, pronouns, prepositions, conjunctions, auxiliaries): no content of their own. */
const functionWords = new Set(
  `a an the this that these those some any no every each either neither all both half several many much more most few little
  less least other another such same own what which whose who whom whoever whatever whichever i me my mine myself we us our
  ours ourselves you your yours yourself yourselves he him his himself she her hers herself it its itself they them their
  theirs themselves one ones someone somebody something anyone anybody anything everyone everybody everything nobody nothing
  none of in on at by for with about against between into through during before after above below to from up down out off
  over under again further onto upon across along among around behind beneath beside besides beyond despite except inside
  outside like near past per since than till toward towards underneath unlike until via within without and or but nor so yet
  if because as while although though unless whereas whether when where why how there here then once be am is are was were
  been being have has had having do does did doing done can could will would shall should may might must ought not n't very
  too also just only even ever never always often rather quite almost`.split(/\s+/),
);

/** Changed with the rules or the list of function words: the same text may then get another score. */
export const concretenessVersion = 1;

/**
 * Base forms that a word may be an inflection of, the word itself first: possessive 's; -s, -es, -ies; -ed, -ied, -ing with
 * and without a dropped e or a doubled consonant. Irregular forms are found where the lexicon has them.
 */
function baseForms(word: string): string[] {
  const bare = word.replace(/['’]s?$/, '');
  const forms = [word, bare];
  const cut = (ending: string, ...rest: readonly string[]): void => {
    if (!bare.endsWith(ending) || bare.length < ending.length + 3) return;
    const stem = bare.slice(0, -ending.length);
    for (const tail of rest) forms.push(stem + tail);
  };
  cut('ies', 'y', 'ie');
  cut('es', '', 'e');
  cut('s', '');
  cut('ied', 'y');
  for (const ending of ['ed', 'ing']) {
    cut(ending, '', 'e');
    const stem = bare.slice(0, -ending.length);
    if (bare.endsWith(ending) && /([b-df-hj-np-tv-z])\1$/.test(stem)) forms.push(stem.slice(0, -1));
  }
  return [...new Set(forms)];
}

export interface WordsRated {
  /** Mean rating over the known content words; `undefined` where none is known. */
  readonly mean: number | undefined;
  readonly known: number;
  readonly content: number;
}

/** Expressions of two words go before their words and count once; function words count only within an expression. */
export function rateWords({ ratings }: Pick<Lexicon, 'ratings'>, text: string): WordsRated {
  let sum = 0;
  let known = 0;
  let content = 0;
  // An expression does not cross punctuation.
  for (const phrase of text.toLowerCase().split(/[^\p{L}\p{N}'’\s-]+/u)) {
    const words = phrase.match(/[\p{L}\p{N}][\p{L}\p{N}'’-]*/gu) ?? [];
    for (let i = 0; i < words.length; i++) {
      const [word, next] = [words[i]!, words[i + 1]];
      const pair =
        next === undefined
          ? undefined
          : rated(
              ratings,
              baseForms(next).map((form) => `${word} ${form}`),
            );
      if (pair === undefined && functionWords.has(word)) continue;
      const rating = pair ?? rated(ratings, baseForms(word));
      if (pair !== undefined) i += 1;
      content += 1;
      if (rating === undefined) continue;
      known += 1;
      sum += rating;
    }
  }
  return { mean: known === 0 ? undefined : sum / known, known, content };
}

function rated(ratings: ReadonlyMap<string, number>, forms: readonly string[]): number | undefined {
  const form = forms.find((candidate) => ratings.has(candidate));
  return form === undefined ? undefined : ratings.get(form);
}
