import { ownOf } from '@diptych/plugin-kit';

/**
 * The JSON object in a model's text: the whole text, or what stands in a code fence or between the first and the last
 * brace; a comma before a closing brace is forgiven. `undefined` where there is none: nothing is guessed.
 */
export function readJsonObject(text: string): Readonly<Record<string, unknown>> | undefined {
  const inner = text.slice(text.indexOf('{'), text.lastIndexOf('}') + 1);
  for (const candidate of [text, inner, inner.replace(/,(\s*})/g, '$1')]) {
    const value = parsed(candidate);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  }
  return undefined;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The next candidate, or no answer at all.
    return undefined;
  }
}

/** Exactly the asked scores, each a number in [0, 1], from `{ scores: { … } }` or the object itself; else `undefined`. */
export function readScores(text: string, keys: readonly string[]): Record<string, number> | undefined {
  const answer = readJsonObject(text);
  const scores = (typeof answer?.scores === 'object' && answer.scores !== null ? answer.scores : answer) as
    | Readonly<Record<string, unknown>>
    | undefined;
  if (scores === undefined) return undefined;
  const found: Record<string, number> = {};
  for (const key of keys) {
    const value = ownOf(scores, key);
    if (typeof value !== 'number' || !(value >= 0 && value <= 1)) return undefined;
    found[key] = value;
  }
  return found;
}
