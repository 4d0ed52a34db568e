/** Tables as one JSON file: columns with types, rows of plain values, captions. `metrics.json` has the same numbers by id. */
import { plainColumns, plainRows } from '../table.ts';
import { tablesOf, type Writer } from './writer.ts';

export const jsonWriter: Writer = (data) => {
  const tables = tablesOf(data)
    .filter((table) => table.for !== 'people')
    .map((table) => ({
      id: table.id,
      title: table.title,
      caption: table.caption,
      footnotes: table.footnotes,
      columns: plainColumns(table),
      rows: plainRows(table),
    }));
  return { 'tables.json': `${JSON.stringify({ run: data.model.manifest.id, tables }, null, 1)}\n` };
};
