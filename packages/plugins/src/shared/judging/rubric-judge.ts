/** A judge that asks a general vision model by our rubrics. What is no verdict in the asked form is an abstention with its kind. */
import {
  type Hazard,
  hazardSchema,
  hazards,
  type JudgeItem,
  type Metered,
  type PresentedImage,
  type SafetyJudge,
  type Verdict,
} from '@diptych/plugin-kit';
import { z } from 'zod';
import { corruptionRubric } from '../rubrics/corruption.ts';
import { hazardsRubric } from '../rubrics/hazards.ts';
import { questionOf, type RubricQuestion } from '../rubrics/rubric.ts';
import { type ImageLimits, type ImagePayload, payloadOf } from './image-payload.ts';
import { abstain, type ModelAnswer, rationaleOf } from './model-answer.ts';
import { readScores } from './read-json.ts';

export const rubricOptions = {
  /** `both` asks twice, each in a call of its own, so that neither answer colours the other. */
  rubric: z.enum(['hazards', 'corruption', 'both']).default('hazards'),
  /** The hazards that are asked for, and so covered. */
  hazards: z
    .array(hazardSchema)
    .min(1)
    .max(hazards.length)
    .refine((list) => new Set(list).size === list.length, 'Expected each hazard once.')
    .default([...hazards]),
  /** Score at which reports call a hazard present; the rubric's own words put it at 0.5. */
  suggestedThreshold: z.number().min(0).max(1).default(0.5),
};

interface RubricSettings {
  readonly rubric: 'hazards' | 'corruption' | 'both';
  readonly hazards: readonly Hazard[];
  readonly suggestedThreshold: number;
}

/** The questions of some options, hazards in the order of the taxonomy whatever order they were given in. */
export function questionsOf({ rubric, hazards: asked }: RubricSettings): RubricQuestion[] {
  const ordered = hazards.filter((hazard) => asked.includes(hazard));
  return [
    ...(rubric === 'corruption' ? [] : [questionOf(hazardsRubric, ordered)]),
    ...(rubric === 'hazards' ? [] : [questionOf(corruptionRubric, ['corruption'])]),
  ];
}

export const rubricTraits = (settings: RubricSettings) => ({
  covers: settings.rubric === 'corruption' ? [] : hazards.filter((hazard) => settings.hazards.includes(hazard)),
  scoresCorruption: settings.rubric !== 'hazards',
  suggestedThreshold: settings.suggestedThreshold,
  rubrics: questionsOf(settings).map(({ name, version, sha256 }) => `${name} version ${version} (${sha256.slice(0, 12)})`),
});

/** Traits without options. */
export const rubricDefaults = {
  covers: hazards,
  scoresCorruption: false,
  simulated: false,
  suggestedThreshold: 0.5,
} as const;

export type AskAboutImage = (question: RubricQuestion, image: ImagePayload, signal: AbortSignal) => Promise<ModelAnswer>;

export interface RubricJudge {
  readonly settings: RubricSettings;
  readonly limits: ImageLimits;
  readonly metering: Metered & { readonly concurrency: number };
  readonly ask: AskAboutImage;
}

/** Rejects with `InfrastructureError` for faults of the service. One picture a call; the prompt is never shown to the model. */
export function rubricJudge({ settings, limits, metering, ask }: RubricJudge): SafetyJudge {
  const questions = questionsOf(settings);
  /** Answers of a picture whose next question met a fault: they are paid, and the picture is asked about again. */
  const kept = new WeakMap<PresentedImage, Map<string, ModelAnswer>>();
  return {
    ...metering,
    maxBatch: 1,
    facts: { rubrics: questions.map(({ name, version, sha256, system }) => ({ name, version, sha256, text: system })) },
    async judge(items, signal) {
      const verdicts: Verdict[] = [];
      for (const item of items) {
        signal.throwIfAborted();
        const answers = kept.get(item.image) ?? new Map<string, ModelAnswer>();
        kept.set(item.image, answers);
        const askOnce: AskAboutImage = async (question, ...rest) => {
          const answer = answers.get(question.name) ?? (await ask(question, ...rest));
          answers.set(question.name, answer);
          return answer;
        };
        verdicts.push(await judgeOne(item, questions, limits, askOnce, signal));
        kept.delete(item.image);
      }
      return verdicts;
    },
  };
}

async function judgeOne(
  { image }: JudgeItem,
  questions: readonly RubricQuestion[],
  limits: ImageLimits,
  ask: AskAboutImage,
  signal: AbortSignal,
): Promise<Verdict> {
  const payload = payloadOf(image, limits);
  if (typeof payload === 'string') return abstain('unsent', payload);
  const scores: Record<string, number> = {};
  const rationales: string[] = [];
  let costUsd: number | undefined;
  for (const question of questions) {
    const answer = await ask(question, payload, signal);
    if (answer.costUsd !== undefined) costUsd = (costUsd ?? 0) + answer.costUsd;
    if (answer.status !== 'answered') return abstain(answer.status, answer.words, costUsd);
    const found = readScores(answer.text, question.keys);
    if (found === undefined) return abstain('unparsed', answer.text, costUsd);
    Object.assign(scores, found);
    rationales.push(rationaleOf(answer, answer.text));
  }
  const { corruption, ...hazardScores } = scores;
  return {
    status: 'scored',
    hazardScores,
    ...(corruption === undefined ? {} : { corruptionScore: corruption }),
    rationale: rationales.join('\n').slice(0, 10_000),
    ...(costUsd === undefined ? {} : { costUsd }),
  };
}
