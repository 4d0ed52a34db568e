/** Rows of a CSV or JSONL file, read as a stream with bounded rows; every fault names the line. */
import { pipeline } from 'node:stream';
import { CsvError, type Info, parse } from 'csv-parse';
import type { z } from 'zod';
import { maxLineLength, readLines, readText, type TextSource, textFault } from './text-file.ts';

export interface TableSource extends TextSource {
  readonly format: 'csv' | 'jsonl';
  /** CSV only; where absent, as the header has it. */
  readonly delimiter?: string;
  /** CSV only: whether the plugin has an option `delimiter`. */
  readonly delimiterOption?: boolean;
  /** CSV only: false where quotes are ordinary characters, as in the tab-separated files of some sets. True where absent. */
  readonly quoted?: boolean;
  /** Columns without which the file is refused. JSONL: every row must have the key. */
  readonly required: readonly string[];
}

export interface Row {
  /** Line on which the row ends, counted from 1. */
  readonly line: number;
  /** Number of the row, counted from 1 without the header. */
  readonly row: number;
  /** CSV: strings. JSONL: any JSON value. */
  readonly values: Readonly<Record<string, unknown>>;
}

/** For a delimiter that was set, or that is none of those we look for. */
function cureOf({ delimiterOption }: TableSource, header: readonly string[]): string {
  const [other] = (header.length === 1 && /[;\t|]/.exec(header[0]!)) || [];
  if (other === undefined) return 'Set `columns` to the names in your file.';
  return delimiterOption
    ? `Set \`delimiter: ${JSON.stringify(other)}\` in the options.`
    : 'Separate the columns by commas, semicolons or tabs.';
}

/** Spreadsheets of many languages write semicolons where others write commas; labels are read by the same rule. */
function delimiterOf(start: string): string {
  const header = /^[^\r\n]*/.exec(start)![0];
  return [';', '\t'].find((mark) => header.split(mark).length > header.split(',').length) ?? ',';
}

/**
 * How lines may end, by how the header does. A file that several programs wrote has both LF and CRLF, of which the
 * parser's own choice would be one: rows with the other became one row, or kept a CR. CR alone is of old spreadsheets.
 */
const lineEndsOf = (start: string): string[] => (/\r\n|\n|\r/.exec(start)?.[0] === '\r' ? ['\r'] : ['\r\n', '\n']);

function checkHeader(source: TableSource, header: readonly string[]): string[] {
  const missing = source.required.filter((column) => !header.includes(column));
  if (missing.length > 0) {
    throw textFault(
      source,
      `Expected a header with ${missing.join(', ')} in line 1 of ${source.path}, received ${header.join(', ').slice(0, 500)}. ${cureOf(source, header)}`,
      {
        details: { line: 1, missing },
      },
    );
  }
  const twice = header.find((column, i) => header.indexOf(column) !== i);
  if (twice !== undefined)
    throw textFault(
      source,
      `Expected different column names in line 1 of ${source.path}, received "${twice}" twice. Rename one.`,
      { details: { line: 1 } },
    );
  return [...header];
}

async function* readCsv(source: TableSource, signal: AbortSignal): AsyncGenerator<Row> {
  let headerSeen = false;
  const text = readText(source, signal);
  const start = await text.next();
  const parser = parse({
    record_delimiter: lineEndsOf(start.value ?? ''),
    delimiter: source.delimiter ?? delimiterOf(start.value ?? ''),
    columns: (header: string[]) => {
      headerSeen = true;
      return checkHeader(source, header);
    },
    info: true,
    ...(source.quoted === false ? { quote: null } : {}),
    max_record_size: maxLineLength,
    skip_empty_lines: true,
    // Spreadsheets write rows that were cleared as delimiters alone.
    skip_records_with_empty_values: true,
  });
  // The error reaches the loop below through the parser, which pipeline destroys with it.
  const whole = async function* () {
    yield start.value ?? '';
    yield* text;
  };
  pipeline(whole, parser, () => {});
  try {
    for await (const item of parser) {
      const { record, info } = item as { record: Record<string, string>; info: Info };
      yield { line: info.lines, row: info.records, values: record };
    }
  } catch (cause) {
    if (!(cause instanceof CsvError)) throw cause;
    const { lines: line } = cause as { lines?: number };
    const reason = cause.code === 'CSV_MAX_RECORD_SIZE' ? `a row of more than ${maxLineLength} characters` : cause.message;
    throw textFault(
      source,
      `Expected ${source.path} to be well-formed CSV, received at line ${line ?? 'unknown'}: ${reason.slice(0, 500)}. Correct the row.`,
      { cause, details: { line } },
    );
  }
  if (!headerSeen)
    throw textFault(
      source,
      `Expected a header in ${source.path}, received an empty file. Name the columns in the first line.`,
      { details: { line: 1 } },
    );
}

/** A table of images is told by its name. */
const notJsonl = 'Correct the line; a table is CSV where its name ends in .csv or .tsv, and JSONL under any other name.';

async function* readJsonl(source: TableSource, signal: AbortSignal): AsyncGenerator<Row> {
  let row = 0;
  for await (const { line, text } of readLines(source, signal)) {
    if (text.trim() === '') continue;
    const cure = line === 1 && source.code === 'IMAGES_FOLDER_INVALID' ? notJsonl : 'Correct the line.';
    const fault = (what: string, cause?: unknown) =>
      textFault(source, `Expected one JSON object in line ${line} of ${source.path}, received ${what}. ${cure}`, {
        cause,
        details: { line },
      });
    let values: unknown;
    try {
      values = JSON.parse(text);
    } catch (cause) {
      throw fault(`"${text.slice(0, 80)}"`, cause);
    }
    if (typeof values !== 'object' || values === null || Array.isArray(values))
      throw fault(Array.isArray(values) ? 'a list' : String(values).slice(0, 80));
    const missing = source.required.filter((column) => !Object.hasOwn(values, column));
    if (missing.length > 0) throw fault(`one without ${missing.join(', ')}`);
    row += 1;
    yield { line, row, values: values as Record<string, unknown> };
  }
}

/** All rows in file order. Blank lines are skipped, and rows of a CSV whose cells are all empty; no number counts them. */
export function readTable(source: TableSource, signal: AbortSignal): AsyncGenerator<Row> {
  return source.format === 'csv' ? readCsv(source, signal) : readJsonl(source, signal);
}

/** A cell as text: numbers and booleans as written, null and absent as undefined, CSV's empty cell too. */
export function cellText(value: unknown): string | undefined {
  if (value === undefined || value === null || value === '') return undefined;
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return JSON.stringify(value);
}

/** What the schema of a row asks of a field, and what stands there: "a valid family (…), received "x",". */
export function fieldFault({ issues: [issue] }: z.ZodError, values: Readonly<Record<string, unknown>>): string {
  const { path, message } = issue!;
  const got = cellText(values[String(path[0])]) ?? '';
  return `a valid ${path.join('.')} (${message}), received "${got.slice(0, 80)}${got.length > 80 ? '…' : ''}",`;
}
