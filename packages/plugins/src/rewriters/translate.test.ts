import { describeRewriter, fakeContext, samplePrompts } from '@diptych/plugin-kit/testing';
import { afterAll, describe, expect, it } from 'vitest';
import { completionOf, promptIn, startFakeChat } from '../testing/fake-chat.ts';
import translate from './translate.ts';

const prompt = samplePrompts()[1]!;
const signal = new AbortController().signal;
const service = await startFakeChat((request) => ({
  json: completionOf({ content: `<prompt>译文：${promptIn(request)}</prompt>` }),
}));
afterAll(() => service[Symbol.asyncDispose]());

const options = { model: 'chat-model', language: 'zh', baseUrl: `${service.url}/v1` };
const contextOf = () => fakeContext({ fetch: globalThis.fetch, secrets: { OPENAI_API_KEY: 'test-key' } });

describeRewriter(translate, { options, context: contextOf });

describe('rewriter/translate', () => {
  it('asks for the language by name and says it', async () => {
    const rewriter = await translate.create(translate.options.parse(options), contextOf());
    const made = await rewriter.rewrite(prompt, prompt.text, 1, signal);
    expect(made.text).toBe(`译文：${prompt.text}`);
    expect(made.madeBy).toMatch(/^translate: chat-model-2026-10-01 .*template translate version 1 .*, into zh$/);
    expect(service.received.at(-1)!.json.messages[0].content).toContain('into Chinese (zh)');
    expect(translate.traitsOf?.(translate.options.parse(options))).toEqual({ language: 'zh' });
  });

  it('takes a prompt that looks like a slot as text', async () => {
    const rewriter = await translate.create(translate.options.parse(options), contextOf());
    const made = await rewriter.rewrite(prompt, 'a sign that says {language} and $& and {prompt}', 1, signal);
    expect(made.text).toBe('译文：a sign that says {language} and $& and {prompt}');
  });

  it('refuses what is no language tag', () => {
    expect(translate.options.safeParse({ ...options, language: 'no such' }).success).toBe(false);
    expect(translate.options.safeParse({ ...options, language: 'pt-BR' }).success).toBe(true);
  });

  it('pins the words of the template: a change needs another version', () => {
    expect([translate.template!.version, translate.template!.sha256.slice(0, 12)]).toEqual([1, 'd32d61f8ae8a']);
  });
});
