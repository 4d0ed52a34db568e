/** The name that someone who mistyped may have meant. */

/** Edits (insert, delete, replace one character) that make `b` of `a`: Levenshtein's distance, by his recurrence. */
function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const replaced = previous[column - 1]! + (a[row - 1] === b[column - 1] ? 0 : 1);
      current.push(Math.min(replaced, previous[column]! + 1, current[column - 1]! + 1));
    }
    previous = current;
  }
  return previous[b.length]!;
}

/** The one of `names` that is nearest to `typed`, where two in five of its characters or fewer are wrong, or one begins with the other. */
export function nearestName(typed: string, names: readonly string[]): string | undefined {
  // Names come from files of users; beyond this length nothing is a slip of the hand.
  if (typed.length > 100) return undefined;
  const wanted = typed.toLowerCase();
  const ranked = names
    .map((name) => ({ name, edits: editDistance(wanted, name.toLowerCase()) }))
    .sort((a, b) => a.edits - b.edits);
  const best = ranked[0];
  if (best && best.edits <= Math.max(1, Math.round(0.4 * typed.length))) return best.name;
  if (wanted.length < 3) return undefined;
  return ranked.find(({ name }) => name.toLowerCase().startsWith(wanted))?.name;
}

/** ` Did you mean x?`, or nothing. */
export function didYouMean(typed: string, names: readonly string[]): string {
  const name = nearestName(typed, names);
  return name === undefined ? '' : ` Did you mean ${name}?`;
}
