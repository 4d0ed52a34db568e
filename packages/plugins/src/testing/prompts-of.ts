import type { Plugin, Prompt, PromptSet, PromptSetInfo } from '@diptych/plugin-kit';
import { collect, fakeContext } from '@diptych/plugin-kit/testing';
import type { z } from 'zod';

/** For tests: everything a prompt set says under some options. */
export async function promptsOf<O extends z.ZodType>(
  plugin: Plugin<'prompt-set', PromptSet, O>,
  options: z.input<O>,
  baseFolder?: string,
): Promise<{ prompts: Prompt[]; info: PromptSetInfo }> {
  const set = await plugin.create(
    plugin.options.parse(options),
    fakeContext(baseFolder === undefined ? {} : { baseFolder }),
  );
  const signal = new AbortController().signal;
  const info = await set.info(signal);
  return { info, prompts: await collect(set.prompts(signal)) };
}
