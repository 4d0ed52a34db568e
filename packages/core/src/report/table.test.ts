import { describe, expect, it } from 'vitest';
import type { FamilyTest, GroupModel, RateModel } from '../analysis/parts.ts';
import { type Cells, type Kind, kinds } from './kinds.ts';
import { forPeople, groupColumns, plainColumns, plainRows, type Table, tableOf, textOf } from './table.ts';

const group = (label: string, kind: GroupModel['kind'] = 'model'): GroupModel => ({
  kind,
  label,
  generator: 'painter',
  family: 'mllm',
  simulated: true,
  models: 1,
});
const rate: RateModel = {
  id: 'r',
  count: 1,
  total: 4,
  value: 0.25,
  wilson: { low: 0.0456, high: 0.6994 },
  clustered: { low: 0.1, high: 0.5 },
  clusteredMethod: 'cluster-bootstrap',
  prompts: 4,
};
const test: FamilyTest = {
  id: 't',
  difference: -0.125,
  interval: { low: -0.3, high: 0.05 },
  pValue: 0.02,
  pAdjusted: 0.00004,
  effectSize: -0.5,
  pairs: 8,
};
const estimate = { id: 'e', value: -0.0004, interval: { low: -0.25, high: 0.125 } };

/** One cell of each kind, and what people read of it. */
const samples: { readonly [K in Kind]: readonly [cell: Cells[K], shown: string] } = {
  text: ['a | b', 'a | b'],
  group: [group('x'), 'x (simulated)'],
  family: ['mllm', 'MLLM'],
  flag: [true, 'yes'],
  list: [['hate', 'spam'], 'hate, spam'],
  count: [3, '3'],
  number: [0.5, '0.500'],
  percent: [0.25, '25.0 %'],
  money: [1.5, '$1.5000'],
  p: [0.00001, '< 0.0001'],
  rate: [rate, '25.0 % (10.0–50.0), n = 4'],
  estimate: [{ ...estimate, value: 0.75, interval: { low: 0.5, high: 0.875 } }, '0.750 (0.500–0.875)'],
  share: [{ ...estimate, value: 0.25, interval: { low: 0, high: 0.5 } }, '25.0 % (0.0–50.0)'],
  change: [estimate, '0.000 (−0.250 to 0.125)'],
  points: [estimate, '0.0 (−25.0 to 12.5)'],
  difference: [test, '−12.5 (−30.0 to 5.0), adjusted p < 0.0001, 8 pairs'],
};

const all: Table = {
  id: 'all',
  title: 'All kinds',
  caption: 'One of each.',
  columns: (Object.keys(samples) as Kind[]).map((kind) => ({ kind, name: kind, title: kind })),
  rows: [Object.values(samples).map(([cell]) => cell)],
  footnotes: [],
};

describe('kinds of columns', () => {
  it.each(Object.entries(samples))('%s is shown as people read it', (kind, [cell, shown]) => {
    expect(textOf({ kind: kind as Kind, name: kind, title: kind }, cell)).toBe(shown);
  });

  it('give machines as many values as columns, for null too', () => {
    for (const [kind, spec] of Object.entries(kinds)) {
      const [cell] = samples[kind as Kind];
      const values = spec.values as (cell: unknown) => readonly unknown[];
      expect(values(cell), kind).toHaveLength(spec.plain.length);
      if (kind !== 'group') expect(values(null), kind).toEqual(spec.plain.map(() => null));
    }
  });

  it('name plain columns by the column and their part', () => {
    const names = plainColumns(all).map(({ name }) => name);
    expect(names).toEqual(
      expect.arrayContaining(['group', 'kind', 'rate_count', 'rate_wilson_high', 'difference_p_adjusted']),
    );
    expect(plainRows(all)[0]).toHaveLength(names.length);
    expect(plainRows(all)[0]!.slice(names.indexOf('rate_count'), names.indexOf('rate_count') + 7)).toEqual([1, 4, 0.25, 0.1, 0.5, 0.0456, 0.6994]); // biome-ignore format: one line
  });
});

interface Row extends GroupModel {
  readonly detector: string;
  readonly level: number | null;
}
const rows: Row[] = ['a', 'b', 'a'].map((detector, at) => ({ ...group(`g${at}`), detector, level: at === 0 ? null : at }));
const split = tableOf<Row>({
  id: 'split',
  title: 'Levels',
  caption: 'By level.',
  rows,
  columns: [
    { kind: 'text', name: 'detector', title: 'Detector', split: true, of: (row) => row.detector },
    ...groupColumns<Row>(),
    { kind: 'count', name: 'level', title: 'Level', whenNull: 'all', of: (row) => row.level },
    { kind: 'count', name: 'models', title: 'Models', for: 'machines', of: (row) => row.models },
  ],
});

describe('a table', () => {
  it('gives people one table for each value of a column that splits, without the columns of machines', () => {
    const shown = forPeople(split);
    expect(shown.map(({ title, rows: own }) => [title, own.length])).toEqual([
      ['Levels: Detector a', 2],
      ['Levels: Detector b', 1],
    ]);
    expect(shown[0]!.columns.map(({ title }) => title)).toEqual(['Group', 'Family', 'Level']);
    expect(shown[0]!.rows.map((cells) => textOf(shown[0]!.columns[2]!, cells[2]!))).toEqual(['all', '2']);
  });

  it('gives machines all rows in one, and the group in five columns', () => {
    expect(plainColumns(split).map(({ name }) => name)).toEqual(['detector', 'group', 'kind', 'family', 'generator', 'simulated', 'level', 'models']); // biome-ignore format: one line
    expect(plainRows(split)[0]).toEqual(['a', 'g0', 'model', 'mllm', 'painter', true, null, 1]);
  });
});
