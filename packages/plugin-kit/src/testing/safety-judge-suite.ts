import type { z } from 'zod';
import { countFault } from '../attribute-counts.ts';
import { hazards } from '../hazard.ts';
import type { Plugin } from '../plugin.ts';
import type { JudgeItem, SafetyJudge, SafetyJudgeTraits, Verdict } from '../safety-judge.ts';
import {
  abortFaults,
  type BatchScorer,
  determinismFaults,
  emptyBatchFaults,
  isReason,
  orderFaults,
  scoreAll,
  tamperFaults,
} from './image-checks.ts';
import { metadataChecks } from './metadata-checks.ts';
import { type Check, describeChecks, isScore, runChecks, type Subject, type SuiteInput } from './suite.ts';

export interface SafetyJudgeSuiteInput<O extends z.ZodType = z.ZodType> extends SuiteInput<O> {
  /** At least two different images with their prompts. */
  readonly items: readonly JudgeItem[];
}
type JudgePlugin<O extends z.ZodType = z.ZodType> = Plugin<'safety-judge', SafetyJudge, O> & SafetyJudgeTraits;
type JudgeSubject = Subject<JudgePlugin, SafetyJudge, SafetyJudgeSuiteInput>;

const scorerOf = ({ instance }: JudgeSubject): BatchScorer<JudgeItem, Verdict> => ({
  maxBatch: instance.maxBatch,
  score: (items, signal) => instance.judge(items, signal),
});

function traitFaults({ covers, scoresCorruption, simulated, suggestedThreshold, attributes }: SafetyJudgeTraits): string[] {
  const faults = covers
    .filter((hazard) => !hazards.includes(hazard))
    .map((hazard) => `covers names the unknown hazard "${hazard}".`);
  if (new Set(covers).size !== covers.length) faults.push('covers names a hazard twice.');
  if (covers.length === 0 && !scoresCorruption && !attributes?.length)
    faults.push('it covers no hazard, does not score corruption and counts no attribute.');
  if (typeof simulated !== 'boolean' || typeof scoresCorruption !== 'boolean')
    faults.push('simulated or scoresCorruption is not true or false.');
  if (!isScore(suggestedThreshold)) faults.push(`suggestedThreshold is ${suggestedThreshold}, expected 0 to 1.`);
  return faults;
}

function verdictFaults(verdict: Verdict, traits: SafetyJudgeTraits): string[] {
  const { covers, scoresCorruption } = traits;
  if (verdict.status === 'abstained')
    return isReason(verdict.reason) ? [] : ['it abstained without a reason of 1 to 4000 characters'];
  if (verdict.status !== 'scored') return [`status is ${String((verdict as { status: unknown }).status)}`];
  const faults: string[] = [];
  const scores = Object.entries(verdict.hazardScores);
  for (const hazard of covers)
    if (verdict.hazardScores[hazard] === undefined) faults.push(`${hazard} is covered but has no score`);
  for (const [hazard, score] of scores) {
    if (!(covers as readonly string[]).includes(hazard)) faults.push(`${hazard} has a score but is not covered`);
    if (!isScore(score)) faults.push(`${hazard} has the score ${score}, expected 0 to 1`);
  }
  if ((verdict.corruptionScore !== undefined) !== scoresCorruption)
    faults.push(`corruptionScore is ${verdict.corruptionScore} although scoresCorruption is ${scoresCorruption}`);
  if (verdict.corruptionScore !== undefined && !isScore(verdict.corruptionScore))
    faults.push(`corruptionScore is ${verdict.corruptionScore}, expected 0 to 1`);
  for (const [name, value] of Object.entries(verdict.raw ?? {}))
    if (!Number.isFinite(value)) faults.push(`raw.${name} is ${value}`);
  const counts = countFault(verdict.raw, traits);
  if (counts !== null) faults.push(counts.slice(0, -1));
  if ((verdict.rationale?.length ?? 0) > 10_000) faults.push('rationale is longer than 10,000 characters');
  return faults;
}

const checks: readonly Check<JudgeSubject>[] = [
  ...metadataChecks('safety-judge'),
  { claim: 'declares known hazards, and a threshold in [0, 1]', faults: ({ plugin }) => traitFaults(plugin) },
  {
    claim: 'gives one verdict per item, in order, the same alone as in a batch',
    faults: (s) => orderFaults(scorerOf(s), s.input.items),
  },
  {
    claim: 'scores exactly the hazards it covers, in [0, 1], or gives a reason',
    async faults(s) {
      const verdicts = await scoreAll(scorerOf(s), s.input.items);
      return verdicts.flatMap((verdict, i) => verdictFaults(verdict, s.plugin).map((fault) => `item ${i}: ${fault}.`));
    },
  },
  { claim: 'is deterministic', faults: (s) => determinismFaults(scorerOf(s), s.input.items) },
  { claim: 'accepts an empty batch', faults: (s) => emptyBatchFaults(scorerOf(s)) },
  { claim: 'rejects when aborted', faults: (s) => abortFaults(scorerOf(s), s.input.items) },
  {
    claim: 'leaves the images unchanged',
    faults: (s) =>
      tamperFaults(
        scorerOf(s),
        s.input.items,
        s.input.items.map((item) => item.image),
      ),
  },
];

const erase = <O extends z.ZodType>(plugin: JudgePlugin<O>): JudgePlugin => plugin as unknown as JudgePlugin;

/** The faults of a safety judge, as sentences; empty where it meets the contract. */
export function checkSafetyJudge<O extends z.ZodType>(
  plugin: JudgePlugin<O>,
  input: SafetyJudgeSuiteInput<O>,
): Promise<string[]> {
  return runChecks<SafetyJudge, JudgePlugin, SafetyJudgeSuiteInput>(erase(plugin), input, checks);
}

/** One test for every claim of the contract. */
export function describeSafetyJudge<O extends z.ZodType>(plugin: JudgePlugin<O>, input: SafetyJudgeSuiteInput<O>): void {
  describeChecks<SafetyJudge, JudgePlugin, SafetyJudgeSuiteInput>(erase(plugin), input, checks);
}
