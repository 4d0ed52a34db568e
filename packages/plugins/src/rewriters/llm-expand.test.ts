import { InfrastructureError, type Prompt } from '@diptych/plugin-kit';
import { describeRewriter, fakeContext, samplePrompts } from '@diptych/plugin-kit/testing';
import { afterAll, describe, expect, it } from 'vitest';
import { completionOf, promptIn, startFakeChat } from '../testing/fake-chat.ts';
import type { FakeService, ReplyOf } from '../testing/fake-service.ts';
import llmExpand from './llm-expand.ts';

const prompt: Prompt = samplePrompts()[1]!;
const signal = new AbortController().signal;
const longer = (text: string) => `${text}, seen from a low angle in soft morning light`;

const steady = await startFakeChat((request) => ({
  json: completionOf({ content: `<prompt>${longer(promptIn(request))}</prompt>` }),
}));
afterAll(() => steady[Symbol.asyncDispose]());

const contextOf = () => fakeContext({ fetch: globalThis.fetch, secrets: { OPENAI_API_KEY: 'test-key' } });
const optionsOf = (service: FakeService) => ({ model: 'chat-model', baseUrl: `${service.url}/v1` });
const rewriterAt = async (service: FakeService, options: object = {}) =>
  llmExpand.create(llmExpand.options.parse({ ...optionsOf(service), ...options }), contextOf());

describeRewriter(llmExpand, { options: optionsOf(steady), context: contextOf });

async function failureOf(reply: ReplyOf, options: object = {}): Promise<InfrastructureError> {
  await using service = await startFakeChat(() => reply);
  const rewriter = await rewriterAt(service, options);
  const error: unknown = await rewriter.rewrite(prompt, prompt.text, 1, signal).catch((caught: unknown) => caught);
  if (!(error instanceof InfrastructureError)) throw new Error(`Expected an InfrastructureError, got ${String(error)}.`);
  return error;
}

describe('rewriter/llm-expand', () => {
  it('asks with the template and each level with the one before', async () => {
    await using service = await startFakeChat((request) => ({
      json: completionOf({ content: ` <prompt>\n${longer(promptIn(request))}\n</prompt>` }),
    }));
    const rewriter = await rewriterAt(service, { temperature: 0, seed: 7 });
    const first = await rewriter.rewrite(prompt, prompt.text, 1, signal);
    const second = await rewriter.rewrite(prompt, first.text, 2, signal);
    expect(second.text).toBe(longer(longer(prompt.text)));
    expect(service.received[1]!.json).toEqual({
      model: 'chat-model',
      messages: [
        { role: 'system', content: llmExpand.template!.system },
        { role: 'user', content: `<prompt>${first.text}</prompt>` },
      ],
      temperature: 0,
      seed: 7,
      max_tokens: 2000,
    });
    expect(first.madeBy).toBe(
      `llm-expand: chat-model-2026-10-01 (asked as chat-model), template expand version 1 (${llmExpand.template!.sha256.slice(0, 12)}), temperature 0, seed 7`,
    );
  });

  it('pins the words of the template: a change needs another version', () => {
    expect([llmExpand.template!.version, llmExpand.template!.sha256.slice(0, 12)]).toEqual([1, '9e7c3f9949f6']);
  });

  it('costs what the tokens cost, and nothing is said without prices', async () => {
    const priced = await rewriterAt(steady, { usdPerMillionIn: 2.5, usdPerMillionOut: 10, requestsPerMinute: 60 });
    expect((await priced.rewrite(prompt, prompt.text, 1, signal)).costUsd).toBeCloseTo((200 * 2.5 + 50 * 10) / 1e6, 12);
    expect(priced.estimate?.usdPerItem).toBeCloseTo((500 * 2.5 + 2000 * 10) / 1e6, 12);
    expect(priced.pacing).toEqual({ key: `${steady.host}:OPENAI_API_KEY`, requestsPerMinute: 60 });
    const free = await rewriterAt(steady);
    expect(await free.rewrite(prompt, prompt.text, 1, signal)).not.toHaveProperty('costUsd');
    expect(free.estimate?.usdPerItem).toBeNull();
  });

  it('asks up to three times for a longer prompt, and costs what all answers cost', async () => {
    const answers = ['a lamp', 'a red lamp', longer(prompt.text)];
    await using service = await startFakeChat(({ number }) => ({
      json: completionOf({ content: `<prompt>${answers[number]}</prompt>` }),
    }));
    const rewriter = await rewriterAt(service, { usdPerMillionIn: 2.5, usdPerMillionOut: 10 });
    const made = await rewriter.rewrite(prompt, prompt.text, 1, signal);
    expect(made.text).toBe(longer(prompt.text));
    expect(made.costUsd).toBeCloseTo((3 * (200 * 2.5 + 50 * 10)) / 1e6, 12);
    expect(service.received).toHaveLength(3);
  });

  it('needs the key and the host of the options, and no key where the server has none', async () => {
    const needs = llmExpand.needs as (options: unknown) => unknown;
    expect(needs(llmExpand.options.parse({ model: 'm' }))).toEqual({
      secrets: ['OPENAI_API_KEY'],
      hosts: ['api.openai.com'],
    });
    const local = { model: 'm', baseUrl: 'http://127.0.0.1:8080/v1', keyName: null };
    expect(needs(llmExpand.options.parse(local))).toEqual({ hosts: ['127.0.0.1:8080'] });
  });

  it.each([
    ['the refusal field', { json: completionOf({ refusal: 'I cannot help with that.' }) }, 'I cannot help with that.'],
    ['words without a prompt', { json: completionOf({ content: 'Sorry, no.' }) }, 'Sorry, no.'],
    ['an empty prompt', { json: completionOf({ content: '<prompt> </prompt>' }) }, '<prompt> </prompt>'],
    ['a content filter', { json: completionOf({ content: 'The re' }, 'content_filter') }, 'a content filter stopped'],
    [
      'a filter of the input',
      { status: 400, json: { error: { message: 'Flagged by the filter.', code: 'content_filter' } } },
      'Flagged by the filter.',
    ],
  ])('ends as an error that says "rewriter refused" at %s, not asked again', async (_, reply, words) => {
    const error = await failureOf(reply);
    expect(error.message).toMatch(/^rewriter refused: /);
    expect(error.message).toContain(words);
    expect(error.retryable).toBe(false);
  });

  it.each([
    ['an empty answer', { json: completionOf({ content: '' }) }, 'the answer is empty', false],
    ['a cut-off answer', { json: completionOf({ content: '<prompt>a re' }, 'length') }, 'cut off at 2000 tokens', false],
    ['an answer that is not JSON', { body: '<html>gateway</html>' }, 'Expected a chat completion', false],
    ['an answer without choices', { json: { choices: [] } }, 'Expected a chat completion', false],
    [
      'a prompt that is not longer',
      { json: completionOf({ content: '<prompt>a lamp</prompt>' }) },
      'gave none in 3 answers',
      false,
    ],
    ['a fault of the service', { status: 500, json: { error: { message: 'internal' } } }, 'status 500', true],
    ['a hung up connection', { hangUp: true }, 'the connection failed', true],
    ['an answer of 5 MB', { body: 'x'.repeat(5 * 2 ** 20) }, 'at most 4194304 bytes', false],
    [
      'an account without money',
      { status: 429, json: { error: { message: 'quota', code: 'insufficient_quota' } } },
      'asks for payment',
      false,
    ],
  ])('is an error at %s', async (_, reply, message, retryable) => {
    const error = await failureOf(reply);
    expect(error.message).toContain(message);
    expect([error.retryable, error.rateLimited]).toEqual([retryable, false]);
  });

  it('hands on how long the service asks to wait', async () => {
    const error = await failureOf({
      status: 429,
      headers: { 'retry-after': '7' },
      json: { error: { message: 'Rate limit reached', type: 'requests', code: 'rate_limit_exceeded' } },
    });
    expect([error.rateLimited, error.retryAfterMs, error.retryable]).toEqual([true, 7000, true]);
  });

  it('names the key where it is rejected, and never shows it', async () => {
    const rewriter = await llmExpand.create(
      llmExpand.options.parse(optionsOf(steady)),
      fakeContext({ fetch: globalThis.fetch, secrets: { OPENAI_API_KEY: 'wrong-key' } }),
    );
    const error = await rewriter.rewrite(prompt, prompt.text, 1, signal).then(
      () => new Error('none'),
      (caught: Error) => caught,
    );
    expect(error.message).toContain('OPENAI_API_KEY');
    expect(error.message).not.toContain('wrong-key');
  });
});
