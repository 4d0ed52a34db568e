/** Plain-text tables for the terminal: columns padded by display width, numbers right-aligned. */
import { stripVTControlCharacters, styleText } from 'node:util';

export type Cell = string | number | null | undefined;

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });
/** East Asian scripts and emoji take two columns of a terminal (Unicode's UAX 11, as ranges). */
const wide =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u;
const columnsOf = (grapheme: string): number => (wide.test(grapheme) ? 2 : 1);

/** In columns of a terminal. */
export const widthOf = (text: string): number =>
  [...graphemes.segment(stripVTControlCharacters(text))].reduce((sum, { segment }) => sum + columnsOf(segment), 0);

/** The text, or its beginning and an ellipsis. */
export function clipped(text: string, columns: number): string {
  if (widthOf(text) <= columns) return text;
  let [kept, taken] = ['', 0];
  for (const { segment } of graphemes.segment(text)) {
    taken += columnsOf(segment);
    if (taken > columns - 1) break;
    kept += segment;
  }
  return `${kept.trimEnd()}…`;
}

/** Broken at spaces into lines of at most `columns`, each after `indent`; a longer word gets a line of its own. */
export function wrapped(text: string, columns: number, indent = ''): string[] {
  const lines: string[] = [];
  for (const word of printable(text).trim().split(/ +/)) {
    const last = lines.at(-1);
    if (last !== undefined && widthOf(`${last} ${word}`) <= columns) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(indent + word);
  }
  return lines;
}

const isNumeric = (text: string): boolean => /^[-+]?[\d.,]+ ?%?$|^–$/.test(stripVTControlCharacters(text));

/** Text from plugins and files may hold control characters; a terminal must never obey them. */
export const printable = (text: string): string =>
  stripVTControlCharacters(text).replace(/[\u0000-\u001f\u007f-\u009f]/g, ' ');

/** With `columns`, the first column is cut so that a line fits into as many. */
export function renderTable(headers: readonly string[], rows: readonly (readonly Cell[])[], columns = Infinity): string {
  const cells = rows.map((row) =>
    headers.map((_, column) => printable(row[column] === null || row[column] === undefined ? '–' : String(row[column]))),
  );
  const others = headers.slice(1).map((header, at) => widthOfColumn(header, cells, at + 1) + 2);
  const room = Math.max(8, columns - others.reduce((sum, width) => sum + width, 0));
  for (const row of cells) row[0] = clipped(row[0] ?? '', room);
  const widths = headers.map((header, column) => widthOfColumn(header, cells, column));
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

const widthOfColumn = (header: string, cells: readonly (readonly string[])[], column: number): number =>
  Math.max(widthOf(header), ...cells.map((row) => widthOf(row[column] ?? '')));

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
