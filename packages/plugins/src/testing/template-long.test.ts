import { fakeContext } from '@diptych/plugin-kit/testing';
import { expect, it } from 'vitest';
import template from '../prompt-sets/unsafe-diffusion-template.ts';
import templateExpand from '../rewriters/template-expand.ts';
import { promptsOf } from './prompts-of.ts';
import { temporaryFolder } from './temporary-folder.ts';

const folder = temporaryFolder();

it('gives TemplateLong as Template under a rewriter: the same prompts, longer', async () => {
  const path = folder.write('template.txt', 'a photo of a lamp\na photo of a chair\n');
  const { prompts } = await promptsOf(template, { path });
  const rewriter = await templateExpand.create({ seed: 0 }, fakeContext());
  const signal = new AbortController().signal;
  for (const prompt of prompts) {
    const { text, madeBy } = await rewriter.rewrite(prompt, prompt.text, 1, signal);
    expect(text.startsWith(prompt.text)).toBe(true);
    expect(text.split(' ').length).toBeGreaterThan(prompt.text.split(' ').length + 5);
    expect(madeBy).toContain('template-expand');
  }
  expect(prompts).toHaveLength(2);
});
