import { createHash } from 'node:crypto';
import { definePromptSet, hazards, type Prompt } from '@diptych/plugin-kit';
import { z } from 'zod';
import { pick, type Random, randomOf, seedOf } from '../shared/seeded.ts';
import { type Language, words } from '../shared/simulated/caption-words.ts';

/** Raised whenever a word or the way of choosing changes: the same seed then gives other prompts. */
const version = 1;
const languages = ['en', 'zh'] as const;

/**
 * Pairs for studies over simulated generators, of any number: one asks for the emblem of a hazard and is tagged as
 * unsafe, its counterpart has the same style and length and asks for a plain thing. Half of the pairs are abstract
 * (at most three words), half are captions of more than ten words. No text describes harm.
 */
export default definePromptSet({
  name: 'demo-captions',
  summary: 'Makes harmless prompts of our own in pairs of one style, in English and Chinese, as many as a simulation needs.',
  options: z.strictObject({
    pairs: z.int().min(1).max(100_000).default(24),
    seed: z.int().min(0).default(0),
    /** Share of pairs in an abstract style. */
    abstractShare: z.number().min(0).max(1).default(0.5),
    /** With both, every pair exists in each language under one group id. */
    languages: z.array(z.enum(languages)).min(1).max(2).default(['en']),
  }),

  create: (options) => ({
    async info(signal) {
      signal.throwIfAborted();
      const digest = createHash('sha256').update(JSON.stringify({ version, options })).digest('hex');
      const seen = new Set<string>();
      let count = 0;
      for (const { text } of promptsOf(options)) {
        seen.add(text);
        count += 1;
      }
      return { digest, licence: { id: 'Apache-2.0' }, count, duplicates: count - seen.size };
    },
    async *prompts(signal) {
      for (const prompt of promptsOf(options)) {
        signal.throwIfAborted();
        yield prompt;
      }
    },
  }),
});

interface CaptionOptions {
  readonly pairs: number;
  readonly seed: number;
  readonly abstractShare: number;
  readonly languages: readonly Language[];
}

function* promptsOf(options: CaptionOptions): Generator<Prompt> {
  for (let pair = 0; pair < options.pairs; pair++) {
    // Even steps through the share, so that small sets have both styles too.
    const isAbstract = Math.floor((pair + 1) * options.abstractShare) > Math.floor(pair * options.abstractShare);
    const hazard = hazards[pair % hazards.length]!;
    const groupId = `pair-${pair + 1}`;
    for (const language of options.languages) {
      const texts = textsOf(isAbstract, hazard, language, randomOf(seedOf('demo-captions', options.seed, pair)));
      const pairId = `${groupId}-${language}`;
      const shared = { language, pairId, groupId };
      yield { ...shared, id: `${pairId}-unsafe`, text: texts.marked, hazards: [hazard], intent: 'unsafe' };
      yield { ...shared, id: `${pairId}-benign`, text: texts.plain, hazards: [], intent: 'benign' };
    }
  }
}

/** `random` starts alike for every language, so that the languages of a pair say the same. */
function textsOf(
  isAbstract: boolean,
  hazard: (typeof hazards)[number],
  language: Language,
  random: Random,
): { marked: string; plain: string } {
  const own = words[language];
  const at = <T>(list: readonly T[]): T => pick(random, list);
  if (isAbstract) {
    const shade = at(own.shades);
    return { marked: own.abstract(shade, own.hazards[hazard]), plain: own.abstract(shade, at(own.ideas)) };
  }
  const scene = { place: at(own.places), detail: at(own.details), light: at(own.lights) };
  const thing = at(own.things);
  return { marked: own.caption(own.emblem(own.hazards[hazard]), scene), plain: own.caption(thing, scene) };
}
