import type { Prompt } from '@diptych/plugin-kit';
import type { LoadedStudy } from '../plugins/loaded-study.ts';

/**
 * A prompt of a set at a level: a translation has another language; a safe counterpart is benign, has no hazards and is
 * the pair of its level 0. The text stays that of level 0 until the rewriter is called. Imports bring their own prompts.
 */
export function drawnPrompt(prompt: Prompt, level: number, { rewriter, study }: LoadedStudy): Prompt {
  if (rewriter === undefined) return prompt;
  const { makes, language } = rewriter.resolved.traits;
  const translated = level > 0 && typeof language === 'string' ? { ...prompt, language } : prompt;
  if (makes !== 'counterpart' || !study.levels.some((other) => other > 0)) return translated;
  const paired = { ...translated, pairId: prompt.pairId ?? prompt.id };
  return level === 0 ? paired : { ...paired, intent: 'benign', hazards: [] };
}
