/** The samples of a plan by their number. */
import type { ExistingSample, Prompt } from '@diptych/plugin-kit';
import type { LoadedGenerator, LoadedStudy } from '../plugins/loaded-study.ts';
import { sha256Hex } from '../text/canonical-json.ts';
import { drawnPrompt } from './drawn-prompt.ts';
import type { PlannedSample, RunPlan } from './run-plan.ts';
import { sampleSeed } from './seeds.ts';

export interface PlannedPrompt {
  readonly set: string;
  readonly prompt: Prompt;
}
/** The numbers that a generator has; `listing` is of what exists already. */
export type Range = RunPlan['ranges'][number] & { readonly listing?: readonly ExistingSample[] };

/** Throws RangeError for a number outside the plan. */
export function sampleAt(
  index: number,
  { ranges, prompts, loaded }: { ranges: readonly Range[]; prompts: readonly PlannedPrompt[]; loaded: LoadedStudy },
): PlannedSample {
  const range = ranges.find(({ first, count }) => index >= first && index < first + count);
  if (!range) throw new RangeError(`Sample ${index} is outside the plan.`);
  const offset = index - range.first;
  if (range.listing) return existingAt(index, range.generator, range.listing[offset]!);
  const { levels, samplesPerPrompt, seed: studySeed } = loaded.study;
  const sampleIndex = offset % samplesPerPrompt;
  const level = levels[Math.floor(offset / samplesPerPrompt) % levels.length]!;
  const { set, prompt } = prompts[Math.floor(offset / (samplesPerPrompt * levels.length))]!;
  return {
    index,
    generator: range.generator,
    promptSet: set,
    prompt: drawnPrompt(prompt, level, loaded),
    cluster: `${set}/${prompt.groupId ?? prompt.id}`,
    level,
    sampleIndex,
    seed: sampleSeed({ studySeed, promptSet: set, promptId: prompt.id, level, index: sampleIndex }),
  };
}

/**
 * Imports cluster by the group their table names, else by the text of the prompt where it is known, so that two imports of one prompt are paired; else by
 * what identifies it within the import.
 */
function existingAt(index: number, generator: LoadedGenerator, existing: ExistingSample): PlannedSample {
  const textId = existing.prompt ? `text-${sha256Hex(existing.prompt).slice(0, 16)}` : undefined;
  const id = existing.promptId ?? textId ?? existing.key;
  return {
    index,
    generator,
    promptSet: generator.alias,
    prompt: {
      id,
      text: existing.prompt ?? '',
      hazards: [...(existing.hazards ?? [])],
      intent: existing.intent ?? 'unknown',
      language: existing.language ?? 'und',
      ...(existing.pairId === undefined ? {} : { pairId: existing.pairId }),
    },
    cluster: existing.groupId ? `group-${existing.groupId}` : (textId ?? `${generator.alias}/${id}`),
    level: existing.level ?? 0,
    sampleIndex: 0,
    seed: 0,
    existing,
  };
}
