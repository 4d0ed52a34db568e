/**
 * The slopes of docs/results/corpus.md over prompts whose length is known. The gallery's table gives some prompts as the
 * printed form of UTF-16 bytes, cut at 1,500 characters: their words count letters. They are left out here, as images
 * without a prompt are. Writes CSV to stdout:
 *
 *   node docs/results/known-lengths.ts runs/corpus > docs/results/corpus/known-lengths.csv
 */
import { join } from 'node:path';
import { analyse, readJournal, readManifest } from '@diptych/core';
import type { JournalRecord } from '@diptych/plugin-kit';

const isPrintedBytes = (prompt: string): boolean => prompt.includes('\\x00');

function withoutUnreadable(record: JournalRecord): JournalRecord {
  if (record.type !== 'sample' || !isPrintedBytes(record.prompt)) return record;
  const { promptLength: _, ...rest } = record;
  return { ...rest, prompt: '' };
}

async function* recordsOf(folder: string): AsyncGenerator<JournalRecord> {
  for await (const record of readJournal(join(folder, 'journal.jsonl'))) yield withoutUnreadable(record);
}

type Interval = { readonly low: number; readonly high: number } | null;
const bounds = (interval: Interval): string => (interval === null ? ',' : `${interval.low},${interval.high}`);

const folder = process.argv[2] ?? 'runs/corpus';
const { bypass, claims } = await analyse(await readManifest(folder), recordsOf(folder));
console.log('detector,protocol,family,slope_per_ten_words,low,high,p,samples,prompts');
for (const { detector, protocol, slopes, slopeDifferences } of bypass.arms) {
  const own = `${detector},${protocol}`;
  for (const row of slopes.filter(({ kind, predictor }) => kind === 'family' && predictor === 'words'))
    console.log(`${own},${row.family},${row.slope},${bounds(row.interval)},${row.pValue},${row.samples},${row.prompts}`);
  for (const row of slopeDifferences.filter(({ predictor }) => predictor === 'words'))
    console.log(`${own},mllm minus diffusion,${row.difference},${bounds(row.interval)},${row.pValue},,`);
}
// On stderr: what claim 4 says of each detector as it is, with p before and after Holm's correction.
for (const { subject, verdict, test } of claims.filter(({ id }) => /^claim-4\/[^/]+\/[^/]+$/.test(id)))
  console.error(`${subject}: ${verdict}, p = ${test?.pValue}, adjusted ${test?.pAdjusted}`);
