import { definePromptRater } from '@diptych/plugin-kit';
import { z } from 'zod';
import { words } from '../shared/simulated/caption-words.ts';

/** Raised whenever the words of `demo-captions` or the way of counting changes. */
const version = 1;

const { en, zh } = words;
const abstract = [en, zh].flatMap(({ hazards, ideas }) => [...Object.values(hazards), ...ideas]);
const concrete = [en, zh].flatMap(({ places, details, lights, things }) => [...places, ...details, ...lights, ...things]);
const rated = new Map([
  ...abstract.map((phrase) => [phrase, 1] as const),
  ...concrete.map((phrase) => [phrase, 0] as const),
]);
/** The longest first: "soft morning light" is seen, "morning" alone is an idea. */
const phrases = [...rated.keys()]
  .sort((a, b) => b.length - a.length)
  .map((phrase) => phrase.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'));
const known = new RegExp(phrases.join('|'), 'g');

/**
 * Score = share of ideas among the ideas, places, things and lights of `demo-captions` that the text names: what was
 * planted, read from the words and not from their number.
 */
export default definePromptRater({
  name: 'simulated-abstractness',
  summary:
    'Reads the abstractness that demo-captions plants, from its own word lists; for simulations, abstains on every other text.',
  rates: 'abstractness',
  options: z.strictObject({}),

  create: () => ({
    concurrency: 1,
    async rate(_prompt, text, signal) {
      signal.throwIfAborted();
      const found = text.match(known) ?? [];
      if (found.length === 0) return { status: 'abstained', reason: 'it names nothing that demo-captions knows' };
      const score = found.reduce((sum, phrase) => sum + rated.get(phrase)!, 0) / found.length;
      return { status: 'scored', score, madeBy: `simulated-abstractness version ${version}` };
    },
  }),
});
