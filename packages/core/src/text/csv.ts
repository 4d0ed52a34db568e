/** Cells and lines of CSV (RFC 4180). */

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
