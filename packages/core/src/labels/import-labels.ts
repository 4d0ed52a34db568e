/** A filled-in sheet becomes labels: all of its rows, or none. */
import { readFile } from 'node:fs/promises';
import { DiptychError, hazards as knownHazards, type LabelRecord, labelRecordSchema } from '@diptych/plugin-kit';
import { CsvError, type Info, parse } from 'csv-parse/sync';
import { currentLabels } from '../records/current-labels.ts';
import { acquireLock } from '../run/lock.ts';
import type { Run } from '../run/open-run.ts';
import { textOfCell } from '../text/csv.ts';
import { describeError } from '../text/describe-error.ts';
import { type LabelItem, labelItems } from './label-items.ts';
import { appendLabels, readLabels } from './label-store.ts';

export interface ImportOptions {
  readonly file: string;
  /** For sheets without a column `rater`, and over it. */
  readonly rater?: string;
}

export interface ImportedLabels {
  readonly added: number;
  /** Rows that say what the run holds already. */
  readonly unchanged: number;
  /** Rows that nobody filled in. */
  readonly empty: number;
  readonly raters: readonly string[];
}

interface SheetRow {
  readonly line: number;
  readonly cells: Readonly<Record<string, string>>;
}

/** Appends the answers of a sheet to the run. Rejects with LABELS_INVALID, naming line and column, before anything is written. */
export async function importLabels(run: Run, options: ImportOptions): Promise<ImportedLabels> {
  const rows = await readSheet(options.file);
  const find = itemFinder(await labelItems(run));
  const given = rows.flatMap((row) => {
    const label = labelOf(row, find, options);
    return label ? [label] : [];
  });
  const lock = await acquireLock(run.folder);
  try {
    const before = new Map(
      currentLabels(await readLabels(run.folder)).map((label) => [keyOf(label), JSON.stringify(label)]),
    );
    const fresh = currentLabels(given).filter((label) => before.get(keyOf(label)) !== JSON.stringify(label));
    if (fresh.length > 0) await appendLabels(run.folder, fresh);
    return {
      added: fresh.length,
      unchanged: given.length - fresh.length,
      empty: rows.length - given.length,
      raters: [...new Set(given.map(({ rater }) => rater))].sort(),
    };
  } finally {
    await lock.release();
  }
}

const keyOf = ({ index, rater }: LabelRecord): string => JSON.stringify([index, rater]);

const fault = (file: string, line: number, message: string, cause?: unknown): DiptychError =>
  new DiptychError('LABELS_INVALID', `${message} in line ${line} of ${file}. Correct it; nothing was imported.`, {
    details: { line },
    cause,
  });

async function readSheet(file: string): Promise<SheetRow[]> {
  const text = await readText(file);
  const shape = { delimiter: delimiterOf(text), record_delimiter: text.includes('\n') ? ['\r\n', '\n'] : ['\r'] };
  let header: readonly string[] = [];
  const columns = (names: string[]): string[] => {
    header = names;
    return names;
  };
  try {
    const rows = parse(text, { ...shape, columns, info: true, skip_empty_lines: true, trim: true }) as unknown as {
      record: Record<string, string>;
      info: Info;
    }[];
    // Without these no row would have an answer, and nothing would be imported in silence.
    const missing = ['unsafe', 'sha256'].find((column) => !header.includes(column));
    if (missing !== undefined)
      throw fault(file, 1, `Expected a column ${missing}, received "${header.join(', ').slice(0, 200)}"`);
    return rows.map(({ record, info }) => ({ line: info.lines, cells: record }));
  } catch (cause) {
    if (!(cause instanceof CsvError)) throw cause;
    const { lines = 1 } = cause as { lines?: number };
    throw fault(file, lines, `Expected well-formed CSV, received: ${cause.message.slice(0, 300)},`, cause);
  }
}

async function readText(file: string): Promise<string> {
  const unreadable = (what: string, cause: unknown, cure: string): DiptychError =>
    new DiptychError('LABELS_INVALID', `Expected a CSV file at ${file}: ${what}. ${cure}`, { cause });
  const bytes = await readFile(file).catch((cause: unknown) => {
    throw unreadable(describeError(cause), cause, 'Check the path.');
  });
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes); // without the byte order mark
  } catch (cause) {
    throw unreadable('its text is not UTF-8', cause, 'Save the sheet as CSV in UTF-8; nothing was imported.');
  }
}

/** Spreadsheets of many languages write semicolons where our sheet had commas. */
function delimiterOf(text: string): string {
  const header = /^[^\r\n]*/.exec(text)![0];
  return [';', '\t'].find((mark) => header.split(mark).length > header.split(',').length) ?? ',';
}

/** What a spreadsheet makes of an item of digits, or with one e among them: a number, rounded. */
const numberOfSheet = /^[\d.,]+(?:e[+-]?\d+)?$/i;

type FindItem = (cells: SheetRow['cells']) => LabelItem | undefined;

/** By `item` of a sheet of ours, else by `index` in the plan, as `labels export --all` writes it. */
function itemFinder(items: readonly LabelItem[]): FindItem {
  const byItem = new Map(items.map((item) => [item.item, item]));
  const byIndex = new Map(items.map((item) => [String(item.index), item]));
  const byDigest = Map.groupBy(items, (item) => item.sha256);
  return ({ item, index, sha256 }) => {
    if (!item) return byIndex.get(index ?? '');
    const alike = numberOfSheet.test(item) ? (byDigest.get(sha256 ?? '') ?? []) : [];
    return byItem.get(item) ?? (alike.length === 1 ? alike[0] : undefined);
  };
}

/** Null for a row without an answer. */
function labelOf({ line, cells }: SheetRow, find: FindItem, { file, rater }: ImportOptions): LabelRecord | null {
  const wrong = (column: string, expected: string): DiptychError =>
    fault(file, line, `Expected ${expected} in column ${column}, received "${(cells[column] ?? '').slice(0, 80)}"`);
  if (!cells.unsafe && !cells.corrupted && !cells.hazards) return null;
  const found = find(cells);
  if (!found) throw wrong(cells.item ? 'item' : 'index', 'an image of this run');
  if (cells.sha256 !== found.sha256)
    throw wrong('sha256', `the digest of that image in this run (${found.sha256.slice(0, 12)}…)`);
  const unsafe = cells.unsafe?.toLowerCase();
  const answers = ['yes', 'no', 'unsure'];
  if (unsafe === undefined || !answers.includes(unsafe)) throw wrong('unsafe', 'yes, no or unsure');
  const corrupted = cells.corrupted?.toLowerCase() || 'not asked';
  if (![...answers, 'not asked'].includes(corrupted)) throw wrong('corrupted', 'yes, no, unsure or nothing');
  const named = (cells.hazards ?? '')
    .split(/[;,|]/)
    .map((hazard) => hazard.trim())
    .filter(Boolean);
  if (named.some((hazard) => !(knownHazards as readonly string[]).includes(hazard)))
    throw wrong('hazards', `names out of ${knownHazards.join(', ')}, separated by semicolons,`);
  if (named.length > 0 && unsafe !== 'yes') throw wrong('hazards', 'nothing where unsafe is not yes');
  const by = rater ?? (cells.rater && textOfCell(cells.rater));
  if (!by) throw wrong('rater', 'the pseudonym of the rater (or --rater)');
  const parsed = labelRecordSchema.safeParse({
    type: 'label',
    index: found.index,
    sha256: found.sha256,
    rater: by,
    unsafe,
    hazards: [...new Set(named)],
    corrupted,
    ...(cells.at ? { at: cells.at } : {}),
  });
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw wrong(String(issue?.path[0] ?? 'rater'), `what a label may hold (${issue?.message})`);
}
