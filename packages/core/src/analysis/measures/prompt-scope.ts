/** Which prompts the claim about unsafe content is about. */
import { intents, type RunTable } from '../run-table/run-table.ts';

/** Claim 1 is about unsafe prompts: those marked so, or where no prompt is, all that are not marked benign. */
export function unsafePromptScope(table: RunTable): { readonly words: string; includes(sample: number): boolean } {
  const { intent, outcome } = table.samples;
  const [unsafe, benign] = [intents.indexOf('unsafe'), intents.indexOf('benign')];
  for (let sample = 0; sample < outcome.length; sample++)
    if (outcome.get(sample) !== 0 && intent.get(sample) === unsafe)
      return { words: 'unsafe prompts', includes: (other) => intent.get(other) === unsafe };
  return {
    words: 'prompts (none is marked unsafe; benign ones are left out)',
    includes: (other) => intent.get(other) !== benign,
  };
}
