/** Tables as Parquet, typed, with null where a number is not defined: for pandas, polars, DuckDB and R. */
import { type ColumnSource, parquetWriteBuffer } from 'hyparquet-writer';
import { plainColumns, plainRows, type Table } from '../table.ts';
import { filePerTable, type Writer } from './writer.ts';

const types = { text: 'STRING', flag: 'BOOLEAN', integer: 'INT32', number: 'DOUBLE' } as const;

export function tableParquet(table: Table): Uint8Array {
  const rows = plainRows(table);
  const columnData = plainColumns(table).map(
    ({ name, type }, at): ColumnSource => ({ name, type: types[type], nullable: true, data: rows.map((row) => row[at]!) }),
  );
  const kvMetadata = [
    { key: 'title', value: table.title },
    { key: 'caption', value: table.caption },
  ];
  return new Uint8Array(parquetWriteBuffer({ columnData, kvMetadata, createdBy: 'diptych' }));
}

export const parquetWriter: Writer = (data) => filePerTable(data, (id) => `parquet/${id}.parquet`, tableParquet);
