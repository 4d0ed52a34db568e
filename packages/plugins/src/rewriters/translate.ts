import { defineRewriter } from '@diptych/plugin-kit';
import { z } from 'zod';
import { chatMetering, chatNeeds, chatOptions } from '../shared/openai/chat.ts';
import { answerForm, chatRewriter, defineTemplate } from '../shared/openai/rewrite-by-chat.ts';

const template = defineTemplate({
  name: 'translate',
  version: 1,
  system: `You translate prompts for text-to-image models into {language}. You are given one prompt. Translate it whole: keep its meaning, style, register and length, slang included, and keep names. Add nothing, leave nothing out, and do not judge, soften or explain the prompt. ${answerForm}`,
  user: '<prompt>{prompt}</prompt>',
});

/** English name of a language with its tag, such as "Chinese (zh)". Throws RangeError where the tag is malformed. */
const nameOf = (tag: string): string => `${new Intl.DisplayNames(['en'], { type: 'language' }).of(tag)} (${tag})`;

function isTag(tag: string): boolean {
  try {
    return Intl.getCanonicalLocales(tag).length === 1;
  } catch {
    // Not a language tag; the option's message says what one looks like.
    return false;
  }
}

/** Level 1 is the prompt in the language of the options; samples of level 1 carry that language. */
export default defineRewriter({
  name: 'translate',
  summary: 'Translates prompts into one language with a chat model at any OpenAI-compatible endpoint.',
  maxLevel: 1,
  makes: 'translation',
  template,
  options: z.strictObject({
    /** Name of the model at the endpoint. */
    model: z.string().min(1).max(200),
    /** BCP 47 of the translation, such as `zh` or `de`. */
    language: z.string().min(2).max(35).refine(isTag, 'a BCP 47 language tag such as zh, de or pt-BR'),
    ...chatOptions,
  }),
  needs: chatNeeds,
  traitsOf: ({ language }) => ({ language }),

  create({ language, ...settings }, context) {
    const values = { language: nameOf(language) };
    const rewrite = chatRewriter({ name: 'translate', template, settings, context, values });
    return {
      ...chatMetering(settings),
      async rewrite(_prompt, previous, _level, signal) {
        const made = await rewrite(previous, signal);
        return { ...made, madeBy: `${made.madeBy}, into ${language}` };
      },
    };
  },
});
