import type { z } from 'zod';
import type { Plugin } from '../plugin.ts';
import type { Prompt } from '../prompt-set.ts';
import type { Rewriter, RewriterTraits, Rewriting } from '../rewriter.ts';
import { metadataChecks } from './metadata-checks.ts';
import {
  type Check,
  calm,
  describeChecks,
  firstDifference,
  isPositiveInteger,
  rejects,
  runChecks,
  type Subject,
  type SuiteInput,
} from './suite.ts';

export interface RewriterSuiteInput<O extends z.ZodType = z.ZodType> extends SuiteInput<O> {
  /** `samplePrompts()` where absent. */
  readonly prompts?: readonly Prompt[];
  /** False for a model that samples; it is then not asked twice. True where absent. */
  readonly deterministic?: boolean;
}
type RewriterPlugin<O extends z.ZodType = z.ZodType> = Plugin<'rewriter', Rewriter, O> & RewriterTraits;
type RewriterSubject = Subject<RewriterPlugin, Rewriter, RewriterSuiteInput>;

/** Harmless prompts of one word, one clause and one sentence. */
export function samplePrompts(): readonly Prompt[] {
  const base = { hazards: [], intent: 'benign', language: 'en' } satisfies Partial<Prompt>;
  return [
    { ...base, id: 'word', text: 'freedom' },
    { ...base, id: 'clause', text: 'a red bicycle leaning against a white wall' },
    { ...base, id: 'sentence', text: 'Two cups of tea stand on a wooden table.' },
  ];
}

const promptsOf = ({ input }: RewriterSubject) => input.prompts ?? samplePrompts();
const countWords = (text: string): number => text.split(/\s+/).filter((word) => word !== '').length;

/** Level 1 to the highest, each from the one before. */
async function climb(rewriter: Rewriter, prompt: Prompt, maxLevel: number): Promise<Rewriting[]> {
  const steps: Rewriting[] = [];
  for (let level = 1; level <= maxLevel; level++)
    steps.push(await rewriter.rewrite(prompt, steps.at(-1)?.text ?? prompt.text, level, calm));
  return steps;
}

async function lengthFaults(subject: RewriterSubject): Promise<string[]> {
  const faults: string[] = [];
  for (const prompt of promptsOf(subject)) {
    let previous = prompt.text;
    for (const [i, { text, madeBy }] of (await climb(subject.instance, prompt, subject.plugin.maxLevel)).entries()) {
      const lengthens = (subject.plugin.makes ?? 'longer') === 'longer';
      if (lengthens && countWords(text) <= countWords(previous))
        faults.push(`prompt "${prompt.id}" at level ${i + 1} has no more words than before.`);
      if (text === '') faults.push(`prompt "${prompt.id}" at level ${i + 1} is empty.`);
      if (text.length > 100_000) faults.push(`prompt "${prompt.id}" at level ${i + 1} is longer than 100,000 characters.`);
      if (madeBy === '') faults.push(`prompt "${prompt.id}" at level ${i + 1} does not say what made it.`);
      previous = text;
    }
  }
  return faults;
}

async function determinismFaults(subject: RewriterSubject): Promise<string[]> {
  if (subject.input.deterministic === false) return [];
  const another = await subject.another();
  const faults: string[] = [];
  for (const prompt of promptsOf(subject)) {
    const [a, b] = [
      await climb(subject.instance, prompt, subject.plugin.maxLevel),
      await climb(another, prompt, subject.plugin.maxLevel),
    ];
    const difference = firstDifference(a, b, 0);
    if (difference !== undefined) faults.push(`prompt "${prompt.id}" rewritten twice differs: ${difference}.`);
  }
  return faults;
}

const checks: readonly Check<RewriterSubject>[] = [
  ...metadataChecks('rewriter'),
  {
    claim: 'declares its highest level',
    faults: ({ plugin }) =>
      isPositiveInteger(plugin.maxLevel) ? [] : [`maxLevel is ${plugin.maxLevel}, expected a positive integer.`],
  },
  { claim: 'makes every level longer, where it lengthens, and says what made it', faults: lengthFaults },
  { claim: 'is deterministic, unless the test says that it samples', faults: determinismFaults },
  {
    claim: 'rejects when aborted',
    faults: (s) =>
      rejects(() => s.instance.rewrite(promptsOf(s)[0]!, promptsOf(s)[0]!.text, 1, AbortSignal.abort()), 'A call'),
  },
];

const erase = <O extends z.ZodType>(plugin: RewriterPlugin<O>): RewriterPlugin => plugin as unknown as RewriterPlugin;

/** The faults of a rewriter, as sentences; empty where it meets the contract. */
export function checkRewriter<O extends z.ZodType>(
  plugin: RewriterPlugin<O>,
  input: RewriterSuiteInput<O>,
): Promise<string[]> {
  return runChecks<Rewriter, RewriterPlugin, RewriterSuiteInput>(erase(plugin), input, checks);
}

/** One test for every claim of the contract. */
export function describeRewriter<O extends z.ZodType>(plugin: RewriterPlugin<O>, input: RewriterSuiteInput<O>): void {
  describeChecks<Rewriter, RewriterPlugin, RewriterSuiteInput>(erase(plugin), input, checks);
}
