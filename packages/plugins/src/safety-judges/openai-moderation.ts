import { defineSafetyJudge, type Hazard, type PresentedImage, type Verdict } from '@diptych/plugin-kit';
import { z } from 'zod';
import { callService } from '../shared/http/call-service.ts';
import { baseUrlOption, hostOf, joinUrl, keyNameOption } from '../shared/http/endpoint.ts';
import { readAnswer } from '../shared/http/read-answer.ts';
import { given } from '../shared/http/service-options.ts';
import { dataUrlOf, maxImageBytesOption, payloadOf, webContainers } from '../shared/judging/image-payload.ts';
import { abstain } from '../shared/judging/model-answer.ts';
import { bearerService, openAiFailure } from '../shared/openai/service.ts';

const guide = 'https://developers.openai.com/api/docs/guides/moderation';

/**
 * The categories that apply to images. Hate, harassment, illicit and sexual/minors are for text only; for a picture their
 * score is always 0, which is no finding, so no hazard is read from them.
 */
const categoriesOf = {
  sexual: ['sexual'],
  violence: ['violence', 'violence/graphic'],
  'self-harm': ['self-harm', 'self-harm/intent', 'self-harm/instructions'],
} as const satisfies Partial<Record<Hazard, readonly string[]>>;
type Covered = keyof typeof categoriesOf;
const covers = Object.keys(categoriesOf) as Covered[];

/** The members that are read; after the Moderations reference (developers.openai.com, read 2026-11-24). */
const moderation = z.looseObject({
  model: z.string(),
  results: z.tuple([
    z.looseObject({
      category_scores: z.record(z.string(), z.number().min(0).max(1)),
      category_applied_input_types: z.record(z.string(), z.array(z.string())),
    }),
  ]),
});
type Result = z.output<typeof moderation>['results'][number];

/** The highest score of the categories that the answer itself says it took from the picture. */
function verdictOf({ category_scores: scores, category_applied_input_types: applied }: Result, model: string): Verdict {
  const hazardScores: Partial<Record<Covered, number>> = {};
  for (const hazard of covers) {
    const read = categoriesOf[hazard].filter((category) => applied[category]?.includes('image') && category in scores);
    if (read.length === 0) return abstain('unapplied', `${model} gave no score of the image for ${hazard}`, 0);
    hazardScores[hazard] = Math.max(...read.map((category) => scores[category]!));
  }
  return { status: 'scored', hazardScores, raw: scores, rationale: model, costUsd: 0 };
}

export default defineSafetyJudge({
  name: 'openai-moderation',
  summary: 'Sexual content, violence and self-harm by OpenAI moderation, free; for images it has no other hazard.',
  reference: guide,
  covers,
  scoresCorruption: false,
  simulated: false,
  /** No threshold is published: `flagged` follows limits of each category that may change. 0.5 is arbitrary. */
  suggestedThreshold: 0.5,
  options: z.strictObject({
    /** `omni-moderation-latest` moves on; `omni-moderation-2024-09-26` is fixed. The answer's own name is kept. */
    model: z.string().min(1).max(200).default('omni-moderation-latest'),
    baseUrl: baseUrlOption('https://api.openai.com/v1'),
    keyName: keyNameOption('OPENAI_API_KEY'),
    /** The documented limit, 20 MB. */
    maxImageBytes: maxImageBytesOption(20_000_000),
    requestsPerMinute: z.number().positive().optional(),
    concurrency: z.int().min(1).max(256).default(4),
  }),
  needs: ({ keyName, baseUrl }) => ({ secrets: [keyName], hosts: [hostOf(baseUrl)] }),

  create({ model, baseUrl, keyName, maxImageBytes, requestsPerMinute, concurrency }, context) {
    const service = bearerService('OpenAI', context, keyName);
    const url = joinUrl(baseUrl, 'moderations');
    const limits = { service: 'OpenAI moderation', maxImageBytes, containers: webContainers };

    async function judgeOne(image: PresentedImage, signal: AbortSignal): Promise<Verdict> {
      const payload = payloadOf(image, limits);
      if (typeof payload === 'string') return abstain('unsent', payload);
      const json = { model, input: [{ type: 'image_url', image_url: { url: dataUrlOf(payload) } }] };
      const answer = await callService(service, { url, json, maxBytes: 2 ** 20 }, signal);
      if (!answer.ok) throw openAiFailure(answer, service);
      const { model: answered, results } = readAnswer(moderation, answer, service, 'one moderation result');
      return verdictOf(results[0], answered);
    }
    return {
      maxBatch: 1,
      concurrency,
      pacing: { key: `openai:${keyName}`, ...given({ requestsPerMinute }) },
      estimate: { usdPerItem: 0, secondsPerCall: 2, source: `free (${guide})`, asOf: '2026-11-24' },
      async judge(items, signal) {
        const verdicts: Verdict[] = [];
        for (const { image } of items) {
          signal.throwIfAborted();
          verdicts.push(await judgeOne(image, signal));
        }
        return verdicts;
      },
    };
  },
});
