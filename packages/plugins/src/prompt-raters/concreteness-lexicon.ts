import { definePromptRater } from '@diptych/plugin-kit';
import { z } from 'zod';
import { concretenessVersion, rateWords, readLexicon } from '../shared/concreteness.ts';
import { once } from '../shared/once.ts';
import { acceptDigest, publishedFileOptions, sourceAt } from '../shared/published-set.ts';

/**
 * Score = (5 - mean) / 4, where the mean is over the content words of the text that the lexicon knows, rated from 1
 * (abstract) to 5 (concrete) by Brysbaert, Warriner and Kuperman (2014).
 */
export default definePromptRater({
  name: 'concreteness-lexicon',
  summary:
    'Rates how abstract a prompt is by the mean concreteness of its words in a lexicon that you obtain; English only.',
  reference: 'https://doi.org/10.3758/s13428-013-0403-5',
  rates: 'abstractness',
  options: z.strictObject({
    ...publishedFileOptions,
    /** Of the published file; .txt and .tsv are tab-separated, .csv has commas. */
    columns: z
      .strictObject({ word: z.string().min(1).default('Word'), mean: z.string().min(1).default('Conc.M') })
      .prefault({}),
    /** Least share of the content words that the lexicon must know; below it the rater abstains. */
    minCoverage: z.number().min(0).max(1).default(0.5),
    /** Fewest known words. */
    minWords: z.int().min(1).default(1),
  }),

  create(options, { baseFolder }) {
    const source = sourceAt(baseFolder, options.path);
    const accept = acceptDigest(source, options);
    const lexicon = once(async (signal) => {
      const read = await readLexicon(source, options.columns, signal);
      accept(read.digest);
      return read;
    });
    return {
      concurrency: 1,
      async rate({ language }, text, signal) {
        const { ratings, digest } = await lexicon(signal);
        const abstained = (reason: string) => ({ status: 'abstained', reason }) as const;
        if (language !== 'und' && !/^en(-|$)/i.test(language))
          return abstained(`the lexicon is English, the prompt is ${language}`);
        const { mean, known, content } = rateWords({ ratings }, text);
        if (mean === undefined || known < options.minWords) return abstained(`the lexicon knows ${known} of its words`);
        if (known / content < options.minCoverage)
          return abstained(`the lexicon knows ${known} of its ${content} content words, under ${options.minCoverage}`);
        const madeBy = `concreteness-lexicon version ${concretenessVersion}, lexicon SHA-256 ${digest}`;
        return { status: 'scored', score: (5 - mean) / 4, madeBy };
      },
    };
  },
});
