/**
 * Scores of one run for another over the same images, so that a table that changed in its prompts alone need not be scored
 * again. Takes what the second run lacks, refuses where an image differs. Scores that both have are compared and not
 * replaced. Appends to the journal of the second:
 *
 *   node docs/results/carry-scores.ts runs/corpus-first runs/corpus && diptych resume runs/corpus
 */
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { readJournal } from '@diptych/core';
import type { JournalRecord } from '@diptych/plugin-kit';

const [from, to] = process.argv.slice(2);
if (from === undefined || to === undefined) throw new Error('Expected two run folders. Give them as arguments.');

const images = new Map<string, string | undefined>();
const scores = new Map<string, JournalRecord>();
const keyOf = (record: JournalRecord): string | undefined => {
  if (record.type === 'verdict') return `verdict ${record.judge} ${record.index}`;
  if (record.type === 'detection') return `${record.detector} ${record.protocol} ${record.side} ${record.index}`;
  return undefined;
};
const numbersOf = (record: JournalRecord): number[] =>
  JSON.stringify({ ...record, durationMs: 0 })
    .match(/-?\d+(\.\d+)?(e[-+]?\d+)?/g)!
    .map(Number);

for await (const record of readJournal(join(to, 'journal.jsonl'))) {
  if (record.type === 'sample' || record.type === 'authentic')
    images.set(`${record.type} ${record.index}`, record.image?.sha256);
  const key = keyOf(record);
  if (key !== undefined) scores.set(key, record);
}
const carried: string[] = [];
let [compared, furthest] = [0, 0];
for await (const record of readJournal(join(from, 'journal.jsonl'))) {
  if (record.type === 'sample' || record.type === 'authentic') {
    if (images.get(`${record.type} ${record.index}`) !== record.image?.sha256)
      throw new Error(`Expected the same image at ${record.type} ${record.index} of both runs. Score ${to} by itself.`);
  }
  const key = keyOf(record);
  if (key === undefined) continue;
  const own = scores.get(key);
  if (own === undefined) {
    carried.push(`${JSON.stringify(record)}\n`);
    continue;
  }
  compared += 1;
  const theirs = numbersOf(record);
  for (const [place, value] of numbersOf(own).entries())
    furthest = Math.max(furthest, Math.abs(value - theirs[place]!) / (1 + Math.abs(value)));
}
appendFileSync(join(to, 'journal.jsonl'), carried.join(''));
console.log(`${compared} scores of both runs differ by at most ${furthest}; ${carried.length} carried over.`);
