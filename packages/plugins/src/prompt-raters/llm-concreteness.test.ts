import { InfrastructureError } from '@diptych/plugin-kit';
import { describePromptRater, fakeContext, samplePrompts } from '@diptych/plugin-kit/testing';
import { afterAll, describe, expect, it } from 'vitest';
import { completionOf, startFakeChat } from '../testing/fake-chat.ts';
import type { FakeService, ReplyOf } from '../testing/fake-service.ts';
import llmConcreteness from './llm-concreteness.ts';

const [prompt] = samplePrompts();
const signal = new AbortController().signal;
const rating = (concreteness: unknown) =>
  completionOf({ content: JSON.stringify({ rationale: 'It names a thing.', concreteness }) });
const steady = await startFakeChat(() => ({ json: rating(4) }));
afterAll(() => steady[Symbol.asyncDispose]());

const contextOf = () => fakeContext({ fetch: globalThis.fetch, secrets: { OPENAI_API_KEY: 'test-key' } });
const optionsOf = (service: FakeService) => ({ model: 'chat-model', baseUrl: `${service.url}/v1` });
const rateAt = async (service: FakeService, options: object = {}) => {
  const parsed = llmConcreteness.options.parse({ ...optionsOf(service), ...options });
  return (await llmConcreteness.create(parsed, contextOf())).rate(prompt!, prompt!.text, signal);
};
const rateOnce = async (reply: ReplyOf, options: object = {}) => {
  await using service = await startFakeChat(() => reply);
  return await rateAt(service, options);
};

describePromptRater(llmConcreteness, { options: optionsOf(steady), context: contextOf });

describe('prompt-rater/llm-concreteness', () => {
  it('turns the rating into abstractness and says what made it and what it cost', async () => {
    const { template } = llmConcreteness;
    expect(await rateOnce({ json: rating(2) }, { usdPerMillionIn: 1, usdPerMillionOut: 2, temperature: 0 })).toEqual({
      status: 'scored',
      score: 0.75,
      madeBy: `llm-concreteness: chat-model-2026-10-01 (asked as chat-model), template concreteness version 1 (${template!.sha256.slice(0, 12)}), temperature 0`,
      costUsd: (200 + 50 * 2) / 1e6,
    });
    expect(await rateOnce({ json: completionOf({ content: '```json\n{"concreteness": 5}\n```' }) })).toMatchObject({
      score: 0,
    });
  });

  it('asks for structured output unless told that there is none', async () => {
    await using service = await startFakeChat(() => ({ json: rating(3) }));
    await rateAt(service);
    await rateAt(service, { structured: false });
    expect(service.received[0]!.json.response_format).toMatchObject({
      type: 'json_schema',
      json_schema: { name: 'concreteness', strict: true },
    });
    expect(service.received[1]!.json).not.toHaveProperty('response_format');
    expect(service.received[0]!.json.messages[1].content).toBe(`<prompt>${prompt!.text}</prompt>`);
  });

  it.each([
    ['words', completionOf({ content: 'I would say 4 of 5.' }), 'unparsed: I would say 4 of 5.'],
    ['a rating out of range', rating(9), 'unparsed: {'],
    ['a rating in words', rating('high'), 'unparsed: {'],
    ['a refusal', completionOf({ refusal: 'I cannot rate this.' }), 'refused: I cannot rate this.'],
    ['a content filter', completionOf({ content: '' }, 'content_filter'), 'refused: a content filter'],
  ])('abstains at %s', async (_, json, reason) => {
    expect(await rateOnce({ json })).toMatchObject({ status: 'abstained', reason: expect.stringContaining(reason) });
  });

  it('leaves faults of the service to core', async () => {
    await expect(rateOnce({ status: 500, body: 'oops' })).rejects.toBeInstanceOf(InfrastructureError);
    await expect(rateOnce({ body: 'not json' })).rejects.toThrow('Expected a chat completion');
  });

  it('pins the words of the rubric: a change needs another version', () => {
    const { version, sha256 } = llmConcreteness.template!;
    expect([version, sha256.slice(0, 12)]).toEqual([1, 'fb5f04a3075d']);
  });
});
