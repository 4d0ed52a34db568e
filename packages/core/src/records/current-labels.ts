import type { LabelRecord } from '@diptych/plugin-kit';

/** Of two answers of one rater for one image the later counts. Sorted by image and rater, so that the order of a file changes nothing. */
export function currentLabels(labels: Iterable<LabelRecord>): LabelRecord[] {
  const current = new Map<string, LabelRecord>();
  for (const label of labels) current.set(JSON.stringify([label.index, label.rater]), label);
  return [...current.values()].sort((a, b) => a.index - b.index || (a.rater < b.rater ? -1 : a.rater > b.rater ? 1 : 0));
}
