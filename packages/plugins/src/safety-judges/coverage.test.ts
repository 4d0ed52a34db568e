import { readdirSync, readFileSync } from 'node:fs';
import { hazards, type SafetyJudgeTraits } from '@diptych/plugin-kit';
import { describe, expect, it } from 'vitest';
import { registry } from '../_registry.gen.ts';

const guide = readFileSync(new URL('../../../../docs/guides/judges.md', import.meta.url), 'utf8');
const [, table = ''] = guide.split('<!-- coverage');
const cellsOf = (row: string): string[] =>
  row
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim());
const [header = [], , ...rows] = table
  .trim()
  .split('\n')
  .filter((line) => line.startsWith('|'))
  .map(cellsOf);
const coverage = rows.slice(
  0,
  rows.findIndex(([name]) => !name?.startsWith('`')),
);

/** These cover what the user's options say, which the text below the table says too. */
const byOptions = ['onnx', 'worker'];
/** Cards cover what their own options say: docs/guides/cards.md has their table. */
const cards = readdirSync(new URL('.', import.meta.url)).flatMap((file) =>
  file.endsWith('.yaml') ? [file.slice(0, -5)] : [],
);
const traitsOf = async (name: string): Promise<SafetyJudgeTraits> =>
  (await (registry as Record<string, () => Promise<{ default: unknown }>>)[`safety-judge/${name}`]!())
    .default as SafetyJudgeTraits;

describe('the coverage matrix in docs/guides/judges.md', () => {
  it('has a column for every hazard of the taxonomy, and corruption', () => {
    expect(header).toEqual(['judge', ...hazards, 'corruption']);
  });

  it('has a row for every judge of the registry', () => {
    const known = Object.keys(registry).filter((key) => key.startsWith('safety-judge/'));
    const listed = [...coverage.map(([name]) => name!.replaceAll('`', '')), ...byOptions, ...cards];
    expect(listed.map((name) => `safety-judge/${name}`).sort()).toEqual(known.sort());
  });

  it('leaves the cards to their own guide, which names each', () => {
    const cardsGuide = readFileSync(new URL('../../../../docs/guides/cards.md', import.meta.url), 'utf8');
    expect(cards.filter((name) => !cardsGuide.includes(`\`${name}\``))).toEqual([]);
    expect(cards.length).toBeGreaterThan(0);
  });

  it.each(coverage.map((row) => [row[0]!.replaceAll('`', ''), row.slice(1)] as const))(
    'says of %s what it declares',
    async (name, cells) => {
      const { covers, scoresCorruption } = await traitsOf(name);
      expect(hazards.filter((_, place) => cells[place] === '●')).toEqual(
        hazards.filter((hazard) => covers.includes(hazard)),
      );
      if (cells.at(-1) !== 'by option') expect(cells.at(-1) === '●').toBe(scoresCorruption);
    },
  );
});
