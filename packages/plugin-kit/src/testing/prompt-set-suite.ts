import type { z } from 'zod';
import type { Plugin } from '../plugin.ts';
import { type PromptSet, promptSchema } from '../prompt-set.ts';
import { nothingListed, relistingFaults } from './listing-checks.ts';
import { metadataChecks } from './metadata-checks.ts';
import {
  type Check,
  calm,
  collect,
  describeChecks,
  firstDifference,
  isDigest,
  rejects,
  runChecks,
  type Subject,
  type SuiteInput,
} from './suite.ts';

export type PromptSetSuiteInput<O extends z.ZodType = z.ZodType> = SuiteInput<O>;
type PromptSetPlugin<O extends z.ZodType = z.ZodType> = Plugin<'prompt-set', PromptSet, O>;
type PromptSetSubject = Subject<PromptSetPlugin, PromptSet, PromptSetSuiteInput>;

async function promptFaults(subject: PromptSetSubject): Promise<string[]> {
  const prompts = await collect(subject.instance.prompts(calm));
  const faults: string[] = [];
  if (prompts.length === 0) faults.push(nothingListed('prompt'));
  for (const [i, prompt] of prompts.entries()) {
    const parsed = promptSchema.safeParse(prompt);
    const fault = parsed.success ? firstDifference(parsed.data, prompt, 0, 'prompt') : parsed.error.issues[0]?.message;
    if (fault !== undefined) faults.push(`prompt ${i} does not match the schema: ${fault}.`);
  }
  if (new Set(prompts.map((prompt) => prompt.id)).size !== prompts.length) faults.push('two prompts have the same id.');
  return [...faults, ...(await relistingFaults(subject, prompts, (source) => source.prompts(calm)))];
}

async function infoFaults({ instance, another }: PromptSetSubject): Promise<string[]> {
  const texts = (await collect(instance.prompts(calm))).map((prompt) => prompt.text);
  const info = await instance.info(calm);
  const duplicates = texts.length - new Set(texts).size;
  const faults: string[] = [];
  if (!isDigest(info.digest)) faults.push(`the digest "${info.digest}" is not 64 lower-case hex digits.`);
  if (info.licence.id === '') faults.push('the licence has no id.');
  if (info.count !== texts.length) faults.push(`count is ${info.count}, but ${texts.length} prompts were listed.`);
  if (info.duplicates !== duplicates)
    faults.push(`duplicates is ${info.duplicates}, but ${duplicates} texts occur earlier in the set.`);
  const difference = firstDifference(info, await (await another()).info(calm), 0, 'info');
  if (difference !== undefined) faults.push(`two instances differ: ${difference}.`);
  return faults;
}

const checks: readonly Check<PromptSetSubject>[] = [
  ...metadataChecks('prompt-set'),
  { claim: 'lists valid prompts with unique ids, in the same order every time', faults: promptFaults },
  { claim: 'counts its prompts and duplicates and has a stable digest', faults: infoFaults },
  {
    claim: 'rejects when aborted',
    faults: async ({ instance }) => [
      ...(await rejects(() => collect(instance.prompts(AbortSignal.abort())), 'prompts')),
      ...(await rejects(() => instance.info(AbortSignal.abort()), 'info')),
    ],
  },
];

const erase = <O extends z.ZodType>(plugin: PromptSetPlugin<O>): PromptSetPlugin => plugin as unknown as PromptSetPlugin;

/** The faults of a prompt set, as sentences; empty where it meets the contract. */
export function checkPromptSet<O extends z.ZodType>(
  plugin: PromptSetPlugin<O>,
  input: PromptSetSuiteInput<O>,
): Promise<string[]> {
  return runChecks<PromptSet, PromptSetPlugin, PromptSetSuiteInput>(erase(plugin), input, checks);
}

/** One test for every claim of the contract. */
export function describePromptSet<O extends z.ZodType>(plugin: PromptSetPlugin<O>, input: PromptSetSuiteInput<O>): void {
  describeChecks<PromptSet, PromptSetPlugin, PromptSetSuiteInput>(erase(plugin), input, checks);
}
