/** Rows of a Parquet file, one row group in memory at a time, and of it only the columns asked for. */
import type { Row } from './table.ts';
import { type TextSource, textFault } from './text-file.ts';

/** Rows between two pauses, so that signals are heard. Arbitrary. */
const pauseEvery = 4096;

/**
 * Rows in file order with the columns `required`, and of `optional` those that the file has; `line` is the row's number,
 * from 1. Throws PROMPTS_INVALID where the file is no Parquet file or lacks a column. Codecs: none and Snappy.
 */
export async function* readParquet(
  source: TextSource,
  { required, optional = [] }: { readonly required: readonly string[]; readonly optional?: readonly string[] },
  signal: AbortSignal,
): AsyncGenerator<Row> {
  signal.throwIfAborted();
  // Loaded on use: most studies read no Parquet file.
  const { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects, parquetSchema } = await import('hyparquet');
  const fault = (what: string, cause?: unknown) =>
    textFault(source, `Expected ${source.path} to be a Parquet file, received: ${what}. Fetch it again.`, { cause });
  const attempt = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (cause) {
      throw fault((cause as Error).message, cause);
    }
  };
  const file = await attempt(() => asyncBufferFromFile(source.path));
  const metadata = await attempt(() => parquetMetadataAsync(file));
  const present = new Set(parquetSchema(metadata).children.map(({ element }) => element.name));
  const missing = required.filter((column) => !present.has(column));
  if (missing.length > 0)
    throw textFault(
      source,
      `Expected columns ${missing.join(', ')} in ${source.path}, received ${[...present].join(', ').slice(0, 500)}. Set \`columns\` to the names in your file.`,
      { details: { missing } },
    );
  const columns = [...new Set([...required, ...optional.filter((column) => present.has(column))])];
  let row = 0;
  for (const group of metadata.row_groups) {
    signal.throwIfAborted();
    const rowEnd = row + Number(group.num_rows);
    const rows = await attempt(() => parquetReadObjects({ file, metadata, columns, rowStart: row, rowEnd }));
    for (const values of rows) {
      row += 1;
      if (row % pauseEvery === 0) signal.throwIfAborted();
      yield { line: row, row, values };
    }
  }
}
