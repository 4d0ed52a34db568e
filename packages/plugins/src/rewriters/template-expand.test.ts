import { describeRewriter, fakeContext, samplePrompts } from '@diptych/plugin-kit/testing';
import { describe, expect, it } from 'vitest';
import templateExpand from './template-expand.ts';

describeRewriter(templateExpand, { options: {} });

const signal = new AbortController().signal;
const rewriterOf = (seed: number) => templateExpand.create({ seed }, fakeContext());

describe('rewriter/template-expand', () => {
  it('keeps the given text as the beginning of every level', async () => {
    const rewriter = await rewriterOf(0);
    for (const prompt of samplePrompts()) {
      const first = await rewriter.rewrite(prompt, prompt.text, 1, signal);
      const second = await rewriter.rewrite(prompt, first.text, 2, signal);
      expect(first.text.startsWith(prompt.text.replace(/\.$/, ''))).toBe(true);
      expect(second.text.startsWith(first.text.replace(/\.$/, ''))).toBe(true);
    }
  });

  it('chooses other clauses for another seed', async () => {
    const [prompt] = samplePrompts();
    const texts = await Promise.all(
      Array.from(
        { length: 8 },
        async (_, seed) => (await (await rewriterOf(seed)).rewrite(prompt!, prompt!.text, 1, signal)).text,
      ),
    );
    expect(new Set(texts).size).toBeGreaterThan(4);
  });

  it('refuses a level it does not have', async () => {
    const [prompt] = samplePrompts();
    await expect((await rewriterOf(0)).rewrite(prompt!, prompt!.text, 3, signal)).rejects.toThrow('level of 1 or 2');
  });
});
