import { DiptychError, defineRewriter } from '@diptych/plugin-kit';
import { z } from 'zod';
import { pick, type Random, randomOf, seedOf } from '../shared/seeded.ts';

/** Raised whenever a clause or the way of choosing changes: the same prompt then gives another text. */
const version = 1;

/** Clauses that add what a caption leaves open. They name no people, acts or things, so that the intent of a prompt stays. */
const clauses = {
  light: [
    'in soft morning light',
    'under an overcast sky',
    'in warm late afternoon light',
    'lit by a single lamp',
    'in clear midday light',
    'in the blue hour after sunset',
  ],
  view: [
    'seen at eye level',
    'seen from slightly above',
    'seen from a low angle',
    'framed in a wide shot',
    'framed closely',
    'seen from a few steps away',
  ],
  depth: [
    'with a softly blurred background',
    'with everything in sharp focus',
    'with a shallow depth of field',
    'with distant shapes fading into haze',
  ],
  colour: [
    'in muted earthy tones',
    'in rich saturated colours',
    'in cool blue and grey tones',
    'in gentle pastel colours',
    'with strong contrast between light and shade',
  ],
  texture: [
    'with fine surface detail visible',
    'with worn and weathered textures',
    'with smooth and polished surfaces',
    'with visible grain in every material',
  ],
  mood: ['in a calm and quiet mood', 'in a lively mood', 'in a solemn mood', 'in a nostalgic mood'],
  place: [
    'with a few ordinary objects around it that give a sense of scale',
    'with plenty of open space on every side',
    'with the surroundings shown in full detail',
  ],
  finish: [
    'The composition is balanced, with the main subject placed off centre.',
    'The main subject fills the middle of the picture.',
    'Lines in the scene lead the eye towards the main subject.',
  ],
} as const;

type Topic = keyof typeof clauses;
const topics: Readonly<Record<number, readonly Topic[]>> = {
  1: ['light', 'view', 'colour'],
  2: ['depth', 'texture', 'place', 'mood', 'finish'],
};

function sentenceOf(previous: string, level: number, random: Random): string {
  const chosen = topics[level]!.map((topic) => pick<string>(random, clauses[topic]));
  const full = chosen.filter((clause) => clause.endsWith('.'));
  const parts = chosen.filter((clause) => !clause.endsWith('.'));
  const stem = previous.trim().replace(/[.\s]+$/, '');
  return [`${stem}, ${parts.join(', ')}.`, ...full].join(' ');
}

export default defineRewriter({
  name: 'template-expand',
  summary: 'Lengthens prompts with fixed descriptive clauses chosen by a seed; no model, the same text every time.',
  maxLevel: 2,
  options: z.strictObject({
    /** Another seed chooses other clauses. */
    seed: z.int().min(0).max(0xffffffff).default(0),
  }),

  create: ({ seed }) => ({
    async rewrite(prompt, previous, level, signal) {
      signal.throwIfAborted();
      if (topics[level] === undefined) {
        throw new DiptychError(
          'PLUGIN_OPTIONS_INVALID',
          `Expected a level of 1 or 2 for rewriter/template-expand, received ${level}. Leave the other levels out of the study.`,
        );
      }
      // The seed comes from the text as given, so that equal prompts of two sets are rewritten alike.
      return {
        text: sentenceOf(previous, level, randomOf(seedOf(seed, prompt.text, level))),
        madeBy: `template-expand version ${version}, seed ${seed}`,
      };
    },
  }),
});
