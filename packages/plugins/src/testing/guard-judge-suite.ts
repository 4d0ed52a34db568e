/** What every judge of a guard model behind an OpenAI-compatible server must do. */
import type { Plugin, SafetyJudge, SafetyJudgeTraits } from '@diptych/plugin-kit';
import { describeSafetyJudge } from '@diptych/plugin-kit/testing';
import { afterAll, describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { testContext, testKey } from './drive-generator.ts';
import { describeJudgeFaults, judgedItems, judgeOne, openJudge, withInfo } from './drive-judge.ts';
import { completionOf } from './fake-chat-answer.ts';
import { type ReceivedRequest, type ReplyOf, startFakeService } from './fake-service.ts';

type JudgePlugin<O extends z.ZodType> = Plugin<'safety-judge', SafetyJudge, O> & SafetyJudgeTraits;

export interface GuardJudgeSuite<O extends z.ZodType> {
  optionsOf(url: string, more?: object): z.input<O>;
  /** A whole answer that follows from the request. */
  answer(request: ReceivedRequest): ReplyOf;
  /** Texts of the model that are no answer. */
  readonly unparsed: readonly string[];
  readonly calls: number;
}

export const imageIn = ({ json }: ReceivedRequest): string => json.messages.at(-1).content[0].image_url.url.split(',')[1];
export const textIn = ({ json }: ReceivedRequest): string => json.messages.at(-1).content[1].text;

export async function describeGuardJudge<O extends z.ZodType>(
  plugin: JudgePlugin<O>,
  { optionsOf, answer, unparsed, calls }: GuardJudgeSuite<O>,
): Promise<void> {
  const steady = await startFakeService(answer);
  afterAll(() => steady[Symbol.asyncDispose]());
  describeSafetyJudge(plugin, { options: optionsOf(steady.url), items: judgedItems, context: testContext });
  describeJudgeFaults(plugin, (url) => optionsOf(url, { keyName: 'GUARD_KEY' }));

  describe(`safety-judge/${plugin.name} behind a server`, () => {
    it('asks at temperature 0 about the file as received', async () => {
      await using fake = await startFakeService(answer);
      await judgeOne(plugin, optionsOf(fake.url), judgedItems[0]!.image);
      expect(fake.received).toHaveLength(calls);
      const [request] = fake.received;
      expect(request!.path).toBe('/v1/chat/completions');
      expect(request!.json.temperature).toBe(0);
      expect(imageIn(request!)).toBe(Buffer.from(judgedItems[0]!.image.bytes).toString('base64'));
    });

    it.each([...unparsed, '', 'I cannot help with that.'])('abstains as unparsed on %j', async (content) => {
      await using fake = await startFakeService(() => ({ json: completionOf({ content }) }));
      const verdict = await judgeOne(plugin, optionsOf(fake.url));
      expect(verdict).toEqual({ status: 'abstained', reason: `unparsed: ${content.trim() || 'no words'}` });
    });

    it.each([
      [{ json: completionOf({ refusal: 'no' }) }, 'refused: no'],
      [{ json: completionOf({ content: '' }, 'content_filter') }, 'filtered: content_filter'],
      [{ status: 400, json: { error: { code: 'content_filter', message: 'not this' } } }, 'filtered: not this'],
    ] as const)('abstains on what is no answer: %j', async (reply, reason) => {
      await using fake = await startFakeService(() => reply);
      expect(await judgeOne(plugin, optionsOf(fake.url))).toEqual({ status: 'abstained', reason });
    });

    it('abstains without a call where the picture cannot be sent as it is', async () => {
      await using fake = await startFakeService(answer);
      const verdict = await judgeOne(plugin, optionsOf(fake.url), withInfo({ container: 'avif' }));
      expect(verdict).toMatchObject({ status: 'abstained', reason: expect.stringMatching(/^unsent: /) });
      expect(fake.received).toHaveLength(0);
    });

    it('costs by the tokens of all its calls, and is paced by the server', async () => {
      await using fake = await startFakeService(answer);
      const options = optionsOf(fake.url, { usdPerMillionIn: 0.2, usdPerMillionOut: 0.4, keyName: 'GUARD_KEY' });
      const verdict = await judgeOne(plugin, options);
      expect(verdict.costUsd).toBeCloseTo((calls * (1000 * 0.2 + 100 * 0.4)) / 1e6, 12);
      const opened = await openJudge(plugin, options);
      expect(opened.pacing).toEqual({ key: `${fake.host}:GUARD_KEY` });
      expect(opened.estimate?.usdPerItem).toBeCloseTo((calls * (2200 * 0.2 + 800 * 0.4)) / 1e6, 12);
      expect(fake.received[0]!.headers.authorization).toBe(`Bearer ${testKey}`);
    });
  });
}
