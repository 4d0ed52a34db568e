/** Cells and lines of the CSV tables (RFC 4180). */
import type { EstimateModel, IntervalModel, RateModel } from '../analysis/parts.ts';
import type { Cell } from '../text/csv.ts';

export const ends = (interval: IntervalModel | null): Cell[] => [interval?.low ?? null, interval?.high ?? null];
export const rateCells = (rate: RateModel | null): Cell[] =>
  rate === null
    ? Array<Cell>(7).fill(null)
    : [rate.count, rate.total, rate.value, ...ends(rate.clustered), ...ends(rate.wilson)];
export const rateHeader = (name: string): string[] =>
  ['count', 'total', 'rate', 'low', 'high', 'wilson_low', 'wilson_high'].map((part) => `${name}_${part}`);
export const estimateCells = (estimate: EstimateModel | null): Cell[] => [
  estimate?.value ?? null,
  ...ends(estimate?.interval ?? null),
];

export const groupHeader = ['group', 'kind', 'family', 'generator', 'simulated'];
export const groupCells = (row: {
  label: string;
  kind: string;
  family: string | null;
  generator: string | null;
  simulated: boolean;
}): Cell[] => [row.label, row.kind, row.family, row.generator, row.simulated];
