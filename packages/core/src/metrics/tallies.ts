/** Per-prompt counts: the unit that rates, paired differences and decompositions resample. */
import { invalidInput } from './inputs.ts';

/** Positives among trials for one prompt, counts. Fractions are allowed, for weighted judges. */
export interface PromptTally {
  readonly promptId: string;
  readonly positives: number;
  readonly trials: number;
}

export interface Tally {
  positives: number;
  trials: number;
}

/** One entry a prompt; several tallies of one prompt (several generators of a family) are summed. */
export function tallyByPrompt(tallies: readonly PromptTally[]): Map<string, Tally> {
  const byPrompt = new Map<string, Tally>();
  for (const { promptId, positives, trials } of tallies) {
    if (!(positives >= 0 && positives <= trials && Number.isFinite(trials)))
      invalidInput(
        `0 <= positives <= trials for prompt ${promptId}`,
        `${positives} of ${trials}`,
        'Count each sample once.',
      );
    const tally = byPrompt.get(promptId) ?? { positives: 0, trials: 0 };
    tally.positives += positives;
    tally.trials += trials;
    byPrompt.set(promptId, tally);
  }
  return byPrompt;
}
