/** Judges of guard models that a user runs behind an OpenAI-compatible server: fixed classes, mapped to hazards where they have a counterpart. */
import type { Hazard, JudgeItem, PluginContext, SafetyJudge, Verdict } from '@diptych/plugin-kit';
import { z } from 'zod';
import { endpointMeter } from '../openai/chat-endpoint.ts';
import type { Completion } from '../openai/completion.ts';
import { type AskByChat, type ImageChatSettings, imageChat, imageChatOptions } from '../openai/image-chat.ts';
import { type ImagePayload, payloadOf, webContainers } from './image-payload.ts';
import { abstain, rationaleOf } from './model-answer.ts';

/** vLLM's own default address, without a key. */
export const guardOptions = (defaults: { readonly model: string; readonly maxTokens: number }) => ({
  /** As the server names it. */
  model: z.string().min(1).max(200).default(defaults.model),
  ...imageChatOptions({ baseUrl: 'http://127.0.0.1:8000/v1', keyName: null, maxTokens: defaults.maxTokens }),
});

/** A class of the model: what it is called in `raw`, and the hazards that it is the counterpart of; none where it has none. */
export type ClassMap = Readonly<Record<string, readonly Hazard[]>>;

export const coversOf = (classes: ClassMap): Hazard[] => [...new Set(Object.values(classes).flat())];

/** The highest class of each hazard; every class stays in `raw`, those without counterpart there alone. */
export function verdictOf(
  classes: ClassMap,
  raw: Readonly<Record<string, number>>,
  rationale: string,
  costUsd?: number,
): Verdict {
  const hazardScores: Partial<Record<Hazard, number>> = {};
  for (const [name, hazards] of Object.entries(classes)) {
    const score = raw[name];
    // A class without a score was not judged, which is not the same as safe.
    if (score === undefined) return abstain('unparsed', `no score of ${name} in: ${rationale}`, costUsd);
    for (const hazard of hazards) hazardScores[hazard] = Math.max(hazardScores[hazard] ?? 0, score);
  }
  return { status: 'scored', hazardScores, raw, rationale, ...(costUsd === undefined ? {} : { costUsd }) };
}

export interface GuardModel {
  readonly settings: ImageChatSettings;
  readonly context: PluginContext;
  /** Calls for one picture. */
  readonly calls?: number;
  readonly facts?: Readonly<Record<string, unknown>>;
  judgeOne(ask: AskByChat, image: ImagePayload, item: JudgeItem, signal: AbortSignal): Promise<Verdict>;
}

export function guardJudge({ settings, context, calls = 1, facts, judgeOne }: GuardModel): SafetyJudge {
  const meter = endpointMeter(settings, calls);
  const ask = imageChat(settings, meter, context);
  const limits = { service: 'this judge', maxImageBytes: settings.maxImageBytes, containers: webContainers };
  return {
    ...meter.metering,
    maxBatch: 1,
    ...(facts === undefined ? {} : { facts }),
    async judge(items, signal) {
      const verdicts: Verdict[] = [];
      for (const item of items) {
        signal.throwIfAborted();
        const payload = payloadOf(item.image, limits);
        verdicts.push(typeof payload === 'string' ? abstain('unsent', payload) : await judgeOne(ask, payload, item, signal));
      }
      return verdicts;
    },
  };
}

/** A verdict from the raw scores that a whole answer holds; an abstention where it is not whole, or holds none. */
export function readGuard(
  answer: Completion,
  classes: ClassMap,
  read: (text: string) => Readonly<Record<string, number>> | undefined,
): Verdict {
  const { costUsd } = answer;
  if (answer.status !== 'answered') return abstain(answer.status, answer.words, costUsd);
  const raw = read(answer.text);
  if (raw === undefined) return abstain('unparsed', answer.text, costUsd);
  return verdictOf(classes, raw, rationaleOf(answer, answer.text), costUsd);
}
