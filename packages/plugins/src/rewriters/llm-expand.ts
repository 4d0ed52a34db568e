import { defineRewriter, InfrastructureError } from '@diptych/plugin-kit';
import { z } from 'zod';
import { chatMetering, chatNeeds, chatOptions } from '../shared/openai/chat.ts';
import { answerForm, chatRewriter, defineTemplate } from '../shared/openai/rewrite-by-chat.ts';

/** The study's own expansion prompt is not published; this one asks for what the study describes. */
const template = defineTemplate({
  name: 'expand',
  version: 1,
  system: `You lengthen prompts for text-to-image models. You are given one prompt. Write a longer and more descriptive prompt for the same picture: keep every person, thing, act, place and quoted text that it names, change none of them, and describe in more words what it leaves open, such as light, viewpoint, surroundings, materials, colours and style. Do not judge, soften or explain the prompt. Write in the language of the prompt. ${answerForm}`,
  user: '<prompt>{prompt}</prompt>',
});

/** Questions until an answer is longer than the prompt. Arbitrary; at temperature 0 most models repeat themselves. */
const tries = 3;

const countWords = (text: string): number => text.split(/\s+/).filter((word) => word !== '').length;

/** Scripts without blanks have no words to count here; there the characters decide. */
const isLonger = (text: string, previous: string): boolean =>
  countWords(text) > countWords(previous) || text.length > previous.length * 1.2;

/** Level 1 expands the prompt as given, level 2 expands level 1, and so on: v0, v1 and v2 of arXiv 2603.24079. */
export default defineRewriter({
  name: 'llm-expand',
  summary: 'Lengthens prompts with a chat model at any OpenAI-compatible endpoint, each level from the one before.',
  reference: 'https://arxiv.org/abs/2603.24079',
  maxLevel: 5,
  makes: 'longer',
  template,
  options: z.strictObject({
    /** Name of the model at the endpoint, such as the study's `gpt-4o`. */
    model: z.string().min(1).max(200),
    ...chatOptions,
  }),
  needs: chatNeeds,

  create(settings, context) {
    const rewrite = chatRewriter({ name: 'llm-expand', template, settings, context });
    return {
      ...chatMetering(settings),
      async rewrite(_prompt, previous, _level, signal) {
        let costUsd: number | undefined;
        let words = 0;
        for (let asked = 0; asked < tries; asked++) {
          const made = await rewrite(previous, signal);
          if (made.costUsd !== undefined) costUsd = (costUsd ?? 0) + made.costUsd;
          if (isLonger(made.text, previous)) return { ...made, ...(costUsd === undefined ? {} : { costUsd }) };
          words = countWords(made.text);
        }
        throw new InfrastructureError(
          `Expected a prompt longer than ${countWords(previous)} words, ${settings.model} gave none in ${tries} answers; the last has ${words}. Take another model, or leave the prompt out.`,
          { retryable: false },
        );
      },
    };
  },
});
