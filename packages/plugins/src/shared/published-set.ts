/** What the importers of published prompt sets share: where the file is, what it must hash to, how its rows become prompts. */
import {
  DiptychError,
  type Hazard,
  type Licence,
  type PluginContext,
  type Prompt,
  type PromptSet,
  promptSchema,
} from '@diptych/plugin-kit';
import { z } from 'zod';
import { readParquet } from './parquet-rows.ts';
import { expectDigest, fileSet, pathOf, promptReader, type ReportLabel } from './prompt-table.ts';
import { cellText, type Row, readTable } from './table.ts';
import { readLines, type TextSource, textFault } from './text-file.ts';

/** Options of every published set that has a file. */
export const publishedFileOptions = {
  /** Your copy of the published file, relative to the study file. */
  path: z.string().min(1),
  /** SHA-256 that the file must have, in hex; its digest goes into the manifest either way. */
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/, 'a SHA-256 in lower-case hex')
    .optional(),
} as const;

/** Options of sets whose published versions are known by their digest. */
export const knownFileOptions = {
  ...publishedFileOptions,
  /** True to use a version of the file that is not known here; its digest goes into the manifest. */
  allowOtherDigest: z.boolean().default(false),
} as const;

type Field = 'text' | 'id' | 'hazards' | 'language' | 'groupId' | 'pairId';
const columnName = z.string().min(1).max(200);

/** Option `columns`: the published names, which a renamed copy may replace. */
export function columnsOption<const Names extends Partial<Record<Field, string>>>(names: Names) {
  const shape = Object.fromEntries(Object.entries(names).map(([field, name]) => [field, columnName.default(name)]));
  // Every field has a default, which the mapped type does not show.
  return z.strictObject(shape as { [K in keyof Names & string]: z.ZodDefault<z.ZodString> }).prefault({} as never);
}

interface FileOptions {
  readonly path: string;
  readonly sha256?: string | undefined;
  readonly allowOtherDigest?: boolean;
}

/** The user's pin wins; without one a known set must be a known version. */
export function acceptDigest(
  source: TextSource,
  { sha256, allowOtherDigest = true }: FileOptions,
  known: readonly string[] = [],
): (digest: string) => void {
  if (sha256 === undefined) return expectDigest(source, known, allowOtherDigest);
  return (digest) => {
    if (digest === sha256) return;
    throw new DiptychError(
      'PROMPTS_DIGEST_MISMATCH',
      `Expected ${source.path} to have the SHA-256 ${sha256} of option sha256, received ${digest}. Fetch the file again, or correct the option.`,
      { details: { path: source.path, expected: sha256, digest } },
    );
  };
}

export const sourceAt = (baseFolder: string, path: string): TextSource => ({
  path: pathOf(baseFolder, path),
  code: 'PROMPTS_INVALID',
});

/** What is the same for every prompt of a set. */
export interface SetFacts {
  readonly licence: Licence;
  /** SHA-256 of the published versions that are known. */
  readonly digests?: readonly string[];
  readonly intent: Prompt['intent'];
  readonly language: string;
  /** Of every prompt, for sets of one theme. */
  readonly hazards?: readonly Hazard[];
}

export interface TableFacts extends SetFacts {
  readonly columns: { readonly text: string } & { readonly [F in Exclude<Field, 'text'>]?: string | undefined };
  /** The set's labels by hazard; an empty list for one that has no counterpart. */
  readonly labels?: Readonly<Record<string, readonly Hazard[]>>;
  readonly separator?: string;
  /** Rows that belong to the set; all where absent. The others are left out unread. */
  readonly keep?: (row: Row) => boolean;
  /** Further columns that `keep` and `promptsOf` read. */
  readonly extra?: readonly string[];
  /** Prompts of a row; the row's prompt alone where absent. `textOf` gives a further column's text and refuses an empty one. */
  readonly promptsOf?: (prompt: Prompt, row: Row, textOf: (column: string) => string) => readonly Prompt[];
}

const formats = { csv: 'csv', tsv: 'tsv', jsonl: 'jsonl', parquet: 'parquet' } as const;
type Format = (typeof formats)[keyof typeof formats];

function formatOf({ path }: TextSource): Format {
  const ending = /\.([a-z]+)$/i.exec(path)?.[1]?.toLowerCase() ?? '';
  if (Object.hasOwn(formats, ending)) return formats[ending as Format];
  throw new DiptychError(
    'PROMPTS_INVALID',
    `Expected ${path} to end in .csv, .tsv, .jsonl or .parquet, which say how it is read, received ".${ending}". Rename or convert it.`,
    { details: { path } },
  );
}

/** Rows of a table in the format that its name says. Tabs separate without quotes. */
export function readPublished(source: TextSource, columns: readonly string[], signal: AbortSignal): AsyncGenerator<Row> {
  const format = formatOf(source);
  const required = [...new Set(columns)];
  if (format === 'parquet') return readParquet(source, { required }, signal);
  if (format === 'jsonl') return readTable({ ...source, format, required }, signal);
  return readTable(
    { ...source, format: 'csv', required, ...(format === 'tsv' ? { delimiter: '\t', quoted: false } : {}) },
    signal,
  );
}

/** Rows to prompts by the facts of a set. */
export function promptsOfRows(source: TextSource, facts: TableFacts) {
  const { columns, labels, separator = ',', intent, language, hazards = [] } = facts;
  const map = Object.fromEntries(Object.entries(labels ?? {}).map(([label, found]) => [label, [...found]]));
  // Columns that the set does not have must not be found under their own names.
  const none = '\0';
  const read = promptReader(source, {
    columns: {
      id: none,
      hazards: none,
      intent: none,
      language: none,
      pairId: none,
      groupId: none,
      ...withoutUndefined(columns),
    },
    hazards: { map, separator, unknown: 'error' },
    intent,
    language,
  });
  return (row: Row, unmapped?: ReportLabel): readonly Prompt[] => {
    if (facts.keep?.(row) === false) return [];
    const prompt = read(row, unmapped);
    const whole = hazards.length === 0 ? prompt : { ...prompt, hazards: [...new Set([...prompt.hazards, ...hazards])] };
    const textOf = (column: string): string => {
      const text = cellText(row.values[column]);
      if (text !== undefined && text.trim() !== '') return text;
      throw textFault(
        source,
        `Expected a text in column ${column} in line ${row.line} of ${source.path}, received an empty one. Correct the row.`,
        { details: { line: row.line, row: row.row } },
      );
    };
    return facts.promptsOf?.(whole, row, textOf) ?? [whole];
  };
}

function withoutUndefined<T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, entry]) => entry !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };
}

/** A set in one table. */
export function publishedTable(
  options: FileOptions,
  { baseFolder }: Pick<PluginContext, 'baseFolder'>,
  facts: TableFacts,
): PromptSet {
  const source = sourceAt(baseFolder, options.path);
  const promptsOf = promptsOfRows(source, facts);
  const columns = [...Object.values(facts.columns), ...(facts.extra ?? [])].filter((name) => name !== undefined);
  return fileSet({
    source,
    licence: facts.licence,
    accept: acceptDigest(source, options, facts.digests),
    async *read(signal, unmapped) {
      for await (const row of readPublished(source, columns, signal)) yield* promptsOf(row, unmapped);
    },
  });
}

/** One prompt of a line. Throws PROMPTS_INVALID that names the line. */
export function promptOfLine(
  source: TextSource,
  { line, text }: { line: number; text: string },
  { intent, language, hazards = [] }: Pick<SetFacts, 'intent' | 'language' | 'hazards'>,
): Prompt {
  const parsed = promptSchema.safeParse({ id: `${line}`, text, hazards: [...hazards], intent, language });
  if (parsed.success) return parsed.data;
  throw textFault(
    source,
    `Expected at most 100,000 characters in line ${line} of ${source.path}, received ${text.length}. Shorten it.`,
    { details: { line } },
  );
}

/** A set with one prompt a line; blank lines are skipped, the id is the number of the line. */
export function publishedLines(
  options: FileOptions,
  { baseFolder }: Pick<PluginContext, 'baseFolder'>,
  facts: SetFacts,
): PromptSet {
  const source = sourceAt(baseFolder, options.path);
  return fileSet({
    source,
    licence: facts.licence,
    accept: acceptDigest(source, options, facts.digests),
    async *read(signal) {
      for await (const line of readLines(source, signal))
        if (line.text.trim() !== '') yield promptOfLine(source, line, facts);
    },
  });
}

/** A set that its authors give as lines (.txt) or as a table, as its name says. */
export const publishedLinesOrTable = (
  options: FileOptions,
  context: Pick<PluginContext, 'baseFolder'>,
  facts: TableFacts,
): PromptSet =>
  options.path.toLowerCase().endsWith('.txt')
    ? publishedLines(options, context, facts)
    : publishedTable(options, context, facts);
