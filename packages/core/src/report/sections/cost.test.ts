import type { JournalRecord } from '@diptych/plugin-kit';
import { describe, expect, it } from 'vitest';
import { CostSummary } from './cost.ts';

const sample = (given: object): JournalRecord =>
  ({ type: 'sample', generator: 'painter', outcome: 'image', ...given }) as unknown as JournalRecord;
const records: JournalRecord[] = [
  sample({ costUsd: 0.1, promptCostsUsd: { 'rewriter/longer': 0.2, 'prompt-rater/longer': 0.01 } }),
  sample({ costUsd: 0.2 }),
  sample({ outcome: 'refused' }),
  { type: 'verdict', judge: 'eye', index: 0, status: 'scored', hazardScores: {}, costUsd: 0.003 },
  {
    type: 'detection',
    detector: 'nose',
    protocol: 'as-received',
    side: 'synthetic',
    index: 0,
    status: 'scored',
    syntheticScore: 1,
  },
];
const summarise = (given: readonly JournalRecord[]) => {
  const summary = new CostSummary();
  for (const record of given) summary.add(record);
  return summary.finish();
};

describe('CostSummary', () => {
  it('adds up by plugin, and divides by the images that were drawn', () => {
    expect(summarise(records)).toEqual({
      id: 'cost',
      usd: 0.513,
      images: 2,
      usdPerImage: 0.2565,
      rows: [
        { id: 'cost/rewriter/longer', kind: 'rewriter', plugin: 'longer', priced: 1, usd: 0.2, usdPerImage: 0.1 },
        { id: 'cost/prompt-rater/longer', kind: 'prompt-rater', plugin: 'longer', priced: 1, usd: 0.01, usdPerImage: 0.005 },
        { id: 'cost/generator/painter', kind: 'generator', plugin: 'painter', priced: 2, usd: 0.3, usdPerImage: 0.15 },
        { id: 'cost/safety-judge/eye', kind: 'safety-judge', plugin: 'eye', priced: 1, usd: 0.003, usdPerImage: 0.0015 },
      ],
    });
  });

  it('divides the cost of a generator by its own images', () => {
    const others = [sample({ generator: 'free' }), sample({ generator: 'free' })];
    const rows = summarise([...records, ...others])!.rows;
    expect(rows.map(({ id, usdPerImage }) => [id, usdPerImage])).toEqual([
      ['cost/rewriter/longer', 0.05],
      ['cost/prompt-rater/longer', 0.0025],
      ['cost/generator/painter', 0.15],
      ['cost/safety-judge/eye', 0.00075],
    ]);
  });

  it('gives the same digits in any order', () => {
    expect(summarise([...records].reverse())).toEqual(summarise(records));
  });

  it('is null, not zero, where nobody says a cost', () => {
    expect(summarise([sample({})])).toBeNull();
  });
});
