/** A table that lists the images of a folder: where it is, which rows are meant, and their cells. */
import { extname } from 'node:path';
import { z } from 'zod';
import { pathOf } from './prompt-table.ts';
import { cellText, type Row, readTable } from './table.ts';
import { type TextSource, textFault } from './text-file.ts';

const cell = z.union([z.string(), z.number(), z.boolean(), z.null()]);

/** Options of everything that reads a folder of images with or without a table. */
export const imageTableOptions = {
  /** Folder of the images, relative to the study file. */
  folder: z.string().min(1),
  /** CSV (.csv, .tsv; commas, semicolons or tabs, as its header has them) or JSONL (any other name), relative to the study file. Without it every image below the folder is taken, but for hidden ones. */
  table: z.string().min(1).optional(),
  /** Only rows whose columns have these values, or one of these. Text compares with numbers as they are written; null with an empty cell. */
  filter: z.record(z.string(), z.union([cell, z.array(cell).min(1)])).default({}),
} as const;

export interface ImageTable {
  readonly source: TextSource;
  readonly rows: (signal: AbortSignal) => AsyncIterable<Row>;
}

export type Filter = z.output<typeof imageTableOptions.filter>;

function matches(values: Row['values'], filter: Filter): boolean {
  return Object.entries(filter).every(([column, wanted]) => {
    const text = cellText(values[column]);
    return [wanted].flat().some((value) => cellText(value) === text);
  });
}

/** Rows that pass the filter. `required` and the filter's columns must exist. */
export function openImageTable(
  baseFolder: string,
  table: string,
  { filter, required }: { filter: Filter; required: readonly string[] },
): ImageTable {
  const source = { path: pathOf(baseFolder, table), code: 'IMAGES_FOLDER_INVALID' } as const;
  const extension = extname(table).toLowerCase();
  const format = extension === '.csv' || extension === '.tsv' ? 'csv' : 'jsonl';
  const separated = extension === '.tsv' ? { delimiter: '\t' } : {};
  const columns = [...new Set([...required, ...Object.keys(filter)])];
  return {
    source,
    async *rows(signal) {
      for await (const row of readTable({ ...source, format, ...separated, required: columns }, signal))
        if (matches(row.values, filter)) yield row;
    },
  };
}

/** A fault of one row: `what` was expected. */
export function rowFault({ source }: ImageTable, { line, row }: Row, what: string): Error {
  return textFault(source, `Expected ${what} in line ${line} of ${source.path}. Correct the row.`, {
    details: { line, row },
  });
}

/**
 * Keys for rows by their file. A file that is listed again, as a gallery does that shows one picture under two
 * prompts, gets a key of its own; `fileOf` leads back. Make one for each pass over the table.
 */
export class FileKeys {
  readonly #seen = new Set<string>();
  readonly #repeated = new Map<string, string>();

  keyOf(file: string, row: number): string {
    if (!this.#seen.has(file)) {
      this.#seen.add(file);
      return file;
    }
    const key = `${file}#row ${row}`;
    this.#repeated.set(key, file);
    return key;
  }

  fileOf(key: string): string {
    return this.#repeated.get(key) ?? key;
  }

  get repeats(): number {
    return this.#repeated.size;
  }
}

export const repeatWarning = (keys: FileKeys, table: string): string =>
  `${keys.repeats} rows of ${table} list a file that an earlier row lists; each is kept as an image of its own.`;
