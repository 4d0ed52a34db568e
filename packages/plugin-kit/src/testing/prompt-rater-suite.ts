import type { z } from 'zod';
import type { Plugin } from '../plugin.ts';
import type { PromptRater, PromptRaterTraits, PromptRating } from '../prompt-rater.ts';
import type { Prompt } from '../prompt-set.ts';
import { metadataChecks } from './metadata-checks.ts';
import { samplePrompts } from './rewriter-suite.ts';
import {
  type Check,
  calm,
  describeChecks,
  firstDifference,
  isPositiveInteger,
  isScore,
  rejects,
  runChecks,
  type Subject,
  type SuiteInput,
} from './suite.ts';

export interface PromptRaterSuiteInput<O extends z.ZodType = z.ZodType> extends SuiteInput<O> {
  /** `samplePrompts()` where absent. */
  readonly prompts?: readonly Prompt[];
  /** False for a model that samples; it is then not asked twice. True where absent. */
  readonly deterministic?: boolean;
}
type PromptRaterPlugin<O extends z.ZodType = z.ZodType> = Plugin<'prompt-rater', PromptRater, O> & PromptRaterTraits;
type PromptRaterSubject = Subject<PromptRaterPlugin, PromptRater, PromptRaterSuiteInput>;

const promptsOf = ({ input }: PromptRaterSubject) => input.prompts ?? samplePrompts();

const rateAll = async (rater: PromptRater, prompts: readonly Prompt[]): Promise<PromptRating[]> => {
  const ratings: PromptRating[] = [];
  for (const prompt of prompts) ratings.push(await rater.rate(prompt, prompt.text, calm));
  return ratings;
};

function faultOf(rating: PromptRating): string | undefined {
  if (rating.costUsd !== undefined && !(Number.isFinite(rating.costUsd) && rating.costUsd >= 0))
    return `costs ${rating.costUsd}, expected US dollars of at least 0.`;
  if (rating.status === 'abstained') return rating.reason === '' ? 'is abstained from without a reason.' : undefined;
  if (rating.status !== 'scored')
    return `ends as ${JSON.stringify((rating as { status: unknown }).status)}, expected scored or abstained.`;
  if (!isScore(rating.score)) return `has the score ${rating.score}, expected a number in [0, 1].`;
  return rating.madeBy === '' ? 'does not say what made its score.' : undefined;
}

async function ratingFaults(subject: PromptRaterSubject): Promise<string[]> {
  const prompts = promptsOf(subject);
  const ratings = await rateAll(subject.instance, prompts);
  return ratings.flatMap((rating, place) => {
    const fault = faultOf(rating);
    return fault === undefined ? [] : [`prompt "${prompts[place]!.id}" ${fault}`];
  });
}

async function determinismFaults(subject: PromptRaterSubject): Promise<string[]> {
  if (subject.input.deterministic === false) return [];
  const prompts = promptsOf(subject);
  const first = await rateAll(subject.instance, prompts);
  const second = await rateAll(await subject.another(), [...prompts].reverse());
  const difference = firstDifference(first, second.reverse(), 0);
  return difference === undefined ? [] : [`the same texts rated twice, in another order, differ: ${difference}.`];
}

const checks: readonly Check<PromptRaterSubject>[] = [
  ...metadataChecks('prompt-rater'),
  {
    claim: 'declares what it rates and how many calls it takes at once',
    faults: ({ plugin, instance }) => [
      ...(['abstractness', 'other'].includes(plugin.rates) ? [] : [`rates is "${plugin.rates}".`]),
      ...(isPositiveInteger(instance.concurrency)
        ? []
        : [`concurrency is ${instance.concurrency}, expected a positive integer.`]),
    ],
  },
  { claim: 'scores in [0, 1] and says what made the score, or abstains with a reason', faults: ratingFaults },
  { claim: 'is deterministic, unless the test says that it samples', faults: determinismFaults },
  {
    claim: 'rejects when aborted',
    faults: (s) => rejects(() => s.instance.rate(promptsOf(s)[0]!, promptsOf(s)[0]!.text, AbortSignal.abort()), 'A call'),
  },
];

const erase = <O extends z.ZodType>(plugin: PromptRaterPlugin<O>): PromptRaterPlugin =>
  plugin as unknown as PromptRaterPlugin;

/** The faults of a prompt rater, as sentences; empty where it meets the contract. */
export function checkPromptRater<O extends z.ZodType>(
  plugin: PromptRaterPlugin<O>,
  input: PromptRaterSuiteInput<O>,
): Promise<string[]> {
  return runChecks<PromptRater, PromptRaterPlugin, PromptRaterSuiteInput>(erase(plugin), input, checks);
}

/** One test for every claim of the contract. */
export function describePromptRater<O extends z.ZodType>(
  plugin: PromptRaterPlugin<O>,
  input: PromptRaterSuiteInput<O>,
): void {
  describeChecks<PromptRater, PromptRaterPlugin, PromptRaterSuiteInput>(erase(plugin), input, checks);
}
