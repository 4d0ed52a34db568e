/** Plain-text tables for the terminal: columns padded by display width, numbers right-aligned. */
import { stripVTControlCharacters, styleText } from 'node:util';

export type Cell = string | number | null | undefined;

const widthOf = (text: string): number => Array.from(stripVTControlCharacters(text)).length;
const isNumeric = (text: string): boolean => /^[-+]?[\d.,]+ ?%?$|^–$/.test(stripVTControlCharacters(text));

/** Text from plugins and files may hold control characters; a terminal must never obey them. */
export const printable = (text: string): string =>
  stripVTControlCharacters(text).replace(/[\u0000-\u001f\u007f-\u009f]/g, ' ');

export function renderTable(headers: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const cells = rows.map((row) =>
    headers.map((_, column) => printable(row[column] === null || row[column] === undefined ? '–' : String(row[column]))),
  );
  const widths = headers.map((header, column) =>
    Math.max(widthOf(header), ...cells.map((row) => widthOf(row[column] ?? ''))),
  );
  const right = headers.map((_, column) => cells.length > 0 && cells.every((row) => isNumeric(row[column] ?? '')));
  const line = (values: readonly string[]): string =>
    values
      .map((value, column) =>
        right[column]
          ? ' '.repeat((widths[column] ?? 0) - widthOf(value)) + value
          : value + ' '.repeat((widths[column] ?? 0) - widthOf(value)),
      )
      .join('  ')
      .trimEnd();
  return [styleText('bold', line(headers)), ...cells.map(line)].join('\n');
}

/** `0.1234` → `12.3 %`; null, which means not measured, stays a dash. */
export const percent = (value: number | null | undefined): string =>
  value === null || value === undefined ? '–' : `${(100 * value).toFixed(1)} %`;

export const bytes = (value: number): string => {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  const power = value < 1 ? 0 : Math.min(Math.floor(Math.log10(value) / 3), units.length - 1);
  return `${(value / 1000 ** power).toFixed(power === 0 ? 0 : 1)} ${units[power]}`;
};

/** Cents where they say enough; small sums keep two significant digits, so that a price is never shown as nothing. */
export const dollars = (value: number): string => {
  if (value === 0 || value >= 1) return `$${value.toFixed(2)}`;
  const text = value.toFixed(Math.max(2, 1 - Math.floor(Math.log10(value))));
  return `$${text.replace(/(\.\d\d\d*?)0+$/, '$1')}`;
};

export const duration = (seconds: number): string => {
  if (seconds < 60) return `${Math.ceil(seconds)} s`;
  return seconds < 3600 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
};
