/** Cells and lines of the CSV tables (RFC 4180). */
import type { EstimateModel, IntervalModel, RateModel } from './report-model.ts';

export type Cell = string | number | boolean | null;

const looksLikeFormula = (text: string): boolean => /^[=+\-@\t\r]/.test(text);

/** Quoted where RFC 4180 asks for it; a leading =, +, - or @ in text gets an apostrophe, so that no spreadsheet runs a model's name as a formula. */
function cellOf(value: Cell): string {
  if (value === null) return '';
  if (typeof value !== 'string') return String(value);
  const text = looksLikeFormula(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Text of a cell of ours that was read again: without that apostrophe. */
export const textOfCell = (cell: string): string =>
  cell.startsWith("'") && looksLikeFormula(cell.slice(1)) ? cell.slice(1) : cell;

export const csv = (header: readonly string[], rows: readonly (readonly Cell[])[]): string =>
  `${[header, ...rows].map((row) => row.map(cellOf).join(',')).join('\r\n')}\r\n`;

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
