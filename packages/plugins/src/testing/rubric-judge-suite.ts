/** What every judge that asks a vision model by our rubrics must do, against a server that plays the provider's documented API. */
import { createHash } from 'node:crypto';
import { hazards, type Plugin, type SafetyJudge, type SafetyJudgeTraits } from '@diptych/plugin-kit';
import { describeSafetyJudge } from '@diptych/plugin-kit/testing';
import { afterAll, describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { testContext, testKey } from './drive-generator.ts';
import { describeJudgeFaults, judgedItems, judgeOne, openJudge, withInfo } from './drive-judge.ts';
import { type ReceivedRequest, type ReplyOf, startFakeService } from './fake-service.ts';

type JudgePlugin<O extends z.ZodType> = Plugin<'safety-judge', SafetyJudge, O> & SafetyJudgeTraits;

export interface RubricJudgeSuite<O extends z.ZodType> {
  /** Options that lead to the address, with `more` added. */
  optionsOf(url: string, more?: object): z.input<O>;
  /** The system message and the picture in base64, as the API documents where they stand. */
  questionIn(request: ReceivedRequest): { readonly system: string; readonly base64: string };
  /** A whole answer with this text, of 1000 tokens in and 100 out. */
  replyWith(text: string): ReplyOf;
  /** Answers that are no verdict, with the start of the reason. */
  readonly abstentions: readonly { readonly what: string; readonly reply: ReplyOf; readonly reason: string }[];
  readonly pacingKey: string;
}

const keysIn = (system: string): string[] => [...system.matchAll(/^- ([a-z-]+): /gm)].map(([, key]) => key!);

/** Made-up scores that follow from the picture and the class alone. */
const scoreOf = (base64: string, key: string): number =>
  createHash('sha256').update(`${key} ${base64}`).digest().readUInt8(0) / 255;

const ratingOf = (keys: readonly string[], score: (key: string) => unknown): string =>
  JSON.stringify({ rationale: 'a test picture', scores: Object.fromEntries(keys.map((key) => [key, score(key)])) });

const priced = { usdPerMillionIn: 2, usdPerMillionOut: 10 };
const oneCall = (1000 * 2 + 100 * 10) / 1e6;

export async function describeRubricJudge<O extends z.ZodType>(
  plugin: JudgePlugin<O>,
  suite: RubricJudgeSuite<O>,
): Promise<void> {
  const { optionsOf, questionIn, replyWith } = suite;
  const rate = (request: ReceivedRequest): ReplyOf => {
    const { system, base64 } = questionIn(request);
    return replyWith(ratingOf(keysIn(system), (key) => scoreOf(base64, key)));
  };
  const steady = await startFakeService(rate);
  afterAll(() => steady[Symbol.asyncDispose]());

  for (const more of [{}, { rubric: 'corruption' }, { rubric: 'both', hazards: ['sexual', 'hate'] }])
    describe(`under ${JSON.stringify(more)}`, () =>
      describeSafetyJudge(plugin, {
        options: optionsOf(steady.url, more),
        items: judgedItems,
        context: testContext,
      }));
  describeJudgeFaults(plugin, optionsOf);

  describe(`safety-judge/${plugin.name} with a rubric`, () => {
    const judge = (url: string, more: object, image = judgedItems[0]!.image) =>
      judgeOne(plugin, optionsOf(url, more), image);
    const answering = (text: string) => startFakeService(() => replyWith(text));

    it('asks for exactly the hazards of the options, about the file as received, and never shows the prompt', async () => {
      await using fake = await startFakeService(rate);
      const verdict = await judge(fake.url, { hazards: ['violence', 'hate'] });
      const { system, base64 } = questionIn(fake.received[0]!);
      expect(keysIn(system)).toEqual(['hate', 'violence']);
      expect(base64).toBe(Buffer.from(judgedItems[0]!.image.bytes).toString('base64'));
      expect(fake.received[0]!.body.toString()).not.toContain('lighthouse');
      expect(verdict).toMatchObject({
        status: 'scored',
        hazardScores: { hate: scoreOf(base64, 'hate'), violence: scoreOf(base64, 'violence') },
        rationale: expect.stringMatching(/^[\w.-]+: \{.*a test picture/s),
      });
    });

    it('states the words it asks with, their version and digest', async () => {
      await using fake = await startFakeService(rate);
      const opened = await openJudge(plugin, optionsOf(fake.url, { rubric: 'both' }));
      await opened.judge(judgedItems.slice(0, 1), AbortSignal.timeout(10_000));
      const sent = fake.received.map((request) => questionIn(request).system);
      expect(opened.facts?.rubrics).toEqual(
        sent.map((text, place) => ({
          name: ['hazards', 'corruption'][place],
          version: 1,
          sha256: createHash('sha256').update(text).digest('hex'),
          text,
        })),
      );
      expect(keysIn(sent[0]!)).toEqual([...hazards]);
      const traits = plugin.traitsOf!(plugin.options.parse(optionsOf(fake.url, { rubric: 'both' })));
      expect(traits).toMatchObject({
        scoresCorruption: true,
        rubrics: [expect.stringMatching(/^hazards version 1 \(/), expect.stringMatching(/^corruption version 1 \(/)],
      });
    });

    it.each([
      ['prose', 'I see a lighthouse by the sea.'],
      ['a missing class', ratingOf(['hate'], () => 0.1)],
      ['a number above 1', ratingOf(['hate', 'violence'], () => 7)],
      ['a number as text', ratingOf(['hate', 'violence'], () => '0.5')],
      ['a broken object', '{"rationale": "x", "scores": {"hate": 0.1, "viol'],
      ['nothing', ''],
    ])('abstains as unparsed on %s, with the text', async (_, text) => {
      await using fake = await answering(text);
      const verdict = await judge(fake.url, { hazards: ['hate', 'violence'], ...priced });
      expect(verdict).toEqual({ status: 'abstained', reason: `unparsed: ${text || 'no words'}`, costUsd: oneCall });
    });

    it('bounds what it keeps of a long answer', async () => {
      await using prose = await answering('blah '.repeat(5000));
      expect(await judge(prose.url, {})).toMatchObject({ reason: expect.stringMatching(/^unparsed: .{3990}$/) });
      const long = JSON.stringify({ rationale: 'x'.repeat(30_000), scores: { hate: 1 } });
      await using valid = await answering(long);
      const verdict = await judge(valid.url, { hazards: ['hate'] });
      expect(verdict).toMatchObject({ status: 'scored', rationale: expect.stringMatching(/^.{10000}$/s) });
    });

    it('reads an object in a code fence', async () => {
      await using fake = await answering(`\`\`\`json\n${ratingOf(['hate'], () => 0.25)}\n\`\`\``);
      expect(await judge(fake.url, { hazards: ['hate'] })).toMatchObject({ hazardScores: { hate: 0.25 } });
    });

    it.each(suite.abstentions)('abstains on $what', async ({ reply, reason }) => {
      await using fake = await startFakeService(() => reply);
      const verdict = await judge(fake.url, {});
      expect(verdict).toMatchObject({ status: 'abstained', reason: expect.stringContaining(reason) });
      expect(verdict).toMatchObject({ reason: expect.stringMatching(/^(refused|filtered|truncated|unparsed): /) });
      expect(fake.received).toHaveLength(1);
    });

    it('asks for corruption in a call of its own, and adds up what both cost', async () => {
      await using fake = await startFakeService(rate);
      const verdict = await judge(fake.url, { rubric: 'both', hazards: ['hate'], ...priced });
      const [first, second] = fake.received.map(questionIn);
      expect([first, second].map((question) => keysIn(question!.system))).toEqual([['hate'], ['corruption']]);
      expect(verdict).toMatchObject({
        hazardScores: { hate: scoreOf(first!.base64, 'hate') },
        corruptionScore: scoreOf(first!.base64, 'corruption'),
      });
      expect(verdict.costUsd).toBeCloseTo(2 * oneCall, 12);
    });

    it('does not pay for an answer again when the next question meets a fault', async () => {
      await using fake = await startFakeService((request) => (request.number === 1 ? { status: 500 } : rate(request)));
      const opened = await openJudge(plugin, optionsOf(fake.url, { rubric: 'both', ...priced }));
      const item = judgedItems[0]!;
      await expect(opened.judge([item], AbortSignal.timeout(20_000))).rejects.toMatchObject({ retryable: true });
      const [verdict] = await opened.judge([item], AbortSignal.timeout(20_000));
      expect(verdict).toMatchObject({ status: 'scored', costUsd: expect.closeTo(2 * oneCall, 12) });
      expect(fake.received).toHaveLength(3);
    });

    it('gives no half verdict: without an answer on corruption it abstains, and both calls are paid', async () => {
      await using fake = await startFakeService((request) => (request.number === 0 ? rate(request) : replyWith('hm')));
      const verdict = await judge(fake.url, { rubric: 'both', ...priced });
      expect(verdict).toEqual({ status: 'abstained', reason: 'unparsed: hm', costUsd: expect.closeTo(2 * oneCall, 12) });
    });

    it('abstains without a call where the picture cannot be sent as it is', async () => {
      await using fake = await startFakeService(rate);
      const opened = await judge(fake.url, {}, withInfo({ container: 'tiff' }));
      expect(opened).toMatchObject({ status: 'abstained', reason: expect.stringMatching(/^unsent: .* the file is tiff$/) });
      expect(await judge(fake.url, { maxImageBytes: 10 })).toMatchObject({ reason: expect.stringMatching(/^unsent: /) });
      expect(fake.received).toHaveLength(0);
    });

    it('shares the budget of the key, and plans by calls and prices', async () => {
      const opened = await openJudge(plugin, optionsOf(steady.url, { ...priced, rubric: 'both', requestsPerMinute: 30 }));
      expect(opened.pacing).toEqual({ key: suite.pacingKey.replace('HOST', steady.host), requestsPerMinute: 30 });
      expect(opened.concurrency).toBe(4);
      expect(opened.estimate?.usdPerItem).toBeCloseTo((2 * (2200 * 2 + 800 * 10)) / 1e6, 12);
    });

    it('sends the key in a header alone', async () => {
      await using fake = await startFakeService(rate);
      await judge(fake.url, {});
      const { headers, body, query } = fake.received[0]!;
      expect(JSON.stringify(headers)).toContain(testKey);
      expect(`${body.toString('latin1')}${query}`).not.toContain(testKey);
    });
  });
}
