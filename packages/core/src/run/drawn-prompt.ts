import type { Prompt } from '@diptych/plugin-kit';
import type { PlannedSample } from '../plan/run-plan.ts';
import type { LoadedStudy } from '../plugins/loaded-study.ts';

/**
 * What is known of the text that is drawn, which a rewriter may change: a safe counterpart is benign, has no hazards and
 * is the pair of its level 0; a translation is in another language. Imports bring their own facts.
 */
export function drawnPrompt(
  { prompt, level, existing }: PlannedSample,
  { rewriter }: Pick<LoadedStudy, 'rewriter'>,
): Prompt {
  if (!rewriter || existing) return prompt;
  const { makes, language } = rewriter.plugin as { readonly makes?: unknown; readonly language?: unknown };
  if (makes === 'counterpart') {
    const pairId = prompt.pairId ?? prompt.id.slice(0, 200);
    return level === 0 ? { ...prompt, pairId } : { ...prompt, pairId, hazards: [], intent: 'benign' };
  }
  if (level > 0 && typeof language === 'string') return { ...prompt, language };
  return prompt;
}
