/**
 * The gallery's table without the prompts that cannot be read. One gallery's prompts are recorded as the printed form of
 * UTF-16 bytes, most of them cut at 1,500 characters: their words count letters, and what was cut is lost. Such a row
 * loses its prompt, as a row that never had one, and keeps an id made of its bytes, so that images of one prompt still
 * count as one. Writes JSONL to stdout, counts to stderr:
 *
 *   node docs/results/clean-corpus.ts ../shared/corpus/manifest.jsonl > runs/corpus-table.jsonl
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

const isPrintedBytes = (prompt: string): boolean => prompt.includes('\\x00');

const table = process.argv[2];
if (table === undefined) throw new Error('Expected the path of the table. Give it as the argument.');
const lines = readFileSync(table, 'utf8').split('\n').filter(Boolean);
let unreadable = 0;
for (const line of lines) {
  const row: { prompt: string | null } = JSON.parse(line);
  const { prompt } = row;
  if (prompt === null || !isPrintedBytes(prompt)) {
    console.log(line);
    continue;
  }
  unreadable += 1;
  const promptId = `unreadable-${createHash('sha256').update(prompt).digest('hex').slice(0, 16)}`;
  console.log(JSON.stringify({ ...row, prompt: null, promptId }));
}
console.error(`${lines.length} rows, of which ${unreadable} lost a prompt that cannot be read.`);
