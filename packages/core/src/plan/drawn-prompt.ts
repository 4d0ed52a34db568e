import type { Prompt } from '@diptych/plugin-kit';
import type { LoadedStudy } from '../plugins/loaded-study.ts';

/**
 * What a prompt is at a level: a translation has another language, and a safe counterpart is benign, without hazards,
 * and one pair with its level 0. The text is the one of level 0; the rewriter's comes later.
 */
export function drawnPrompt(prompt: Prompt, level: number, { rewriter, study }: LoadedStudy): Prompt {
  if (rewriter === undefined) return prompt;
  const { makes, language } = rewriter.resolved.traits;
  const translated = level > 0 && typeof language === 'string' ? { ...prompt, language } : prompt;
  if (makes !== 'counterpart' || !study.levels.some((other) => other > 0)) return translated;
  const paired = { ...translated, pairId: prompt.pairId ?? prompt.id };
  return level === 0 ? paired : { ...paired, intent: 'benign', hazards: [] };
}
