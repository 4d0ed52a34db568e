/** Tables and sections as Markdown. */
import type { ShownSection } from '../section.ts';
import { type Cell, type Column, forPeople, type Table, textOf } from '../table.ts';

/** Table cells are one line, and names of models may hold anything. */
export const plain = (text: string): string =>
  text.replace(/\s+/g, ' ').replace(/[\\|`*_<>[\]#]/g, (character) => `\\${character}`);

export const gridMarkdown = (header: readonly string[], rows: readonly (readonly string[])[]): string =>
  [header, header.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');

const isFamily = (column: Column, cell: Cell): boolean =>
  column.kind === 'group' && typeof cell === 'object' && cell !== null && 'kind' in cell && cell.kind === 'family';

const cellText = (column: Column, cell: Cell): string => {
  const text = plain(textOf(column, cell));
  return isFamily(column, cell) ? `**${text}**` : text;
};

/** Title and caption, then the table; nothing without rows. */
export const tableMarkdown = (table: Table): string[] =>
  table.rows.length === 0
    ? []
    : forPeople(table).flatMap(({ title, caption, columns, rows, footnotes }) => [
        `**${plain(title)}.** ${plain(caption)}`,
        gridMarkdown(
          columns.map((column) => plain(column.title)),
          rows.map((row) => columns.map((column, at) => cellText(column, row[at]!))),
        ),
        ...footnotes.map(plain),
      ]);

/** A section's paragraphs and tables, or the reason why it has none; nothing where it has neither. */
export function sectionMarkdown({ title, reason, notes, tables }: ShownSection): string[] {
  if (reason !== null) return [`${title}: not shown, ${plain(reason)}`];
  const shown = tables.filter((table) => table.for !== 'machines').flatMap(tableMarkdown);
  return shown.length + notes.length === 0 ? [] : [`### ${title}`, ...notes.map(plain), ...shown];
}
