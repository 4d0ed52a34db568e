/** Tables as CSV (RFC 4180): proportions in [0, 1], empty where a number is not defined. */
import { csv } from '../../text/csv.ts';
import { plainColumns, plainRows, type Table } from '../table.ts';
import { filePerTable, type ReportData } from './writer.ts';

export const tableCsv = (table: Table): string =>
  csv(
    plainColumns(table).map(({ name }) => name),
    plainRows(table),
  );

export const tableCsvFiles = (data: ReportData): Record<string, string> => filePerTable(data, (id) => `${id}.csv`, tableCsv);
