/** What the prompt sets that read files share: options, rows to prompts, counting. */
import { createHash } from 'node:crypto';
import { isAbsolute, resolve } from 'node:path';
import { DiptychError, type Licence, type Prompt, type PromptSet, promptSchema } from '@diptych/plugin-kit';
import { z } from 'zod';
import { DigestSet } from './digest-set.ts';
import { type HazardLabelOptions, hazardLabelOptions, hazardReader } from './hazard-labels.ts';
import { cellText, fieldFault, type Row } from './table.ts';
import { digestFile, type TextSource, textFault } from './text-file.ts';

export const licenceOption = z.union([
  z
    .string()
    .min(1)
    .max(300)
    .transform((id): Licence => ({ id })),
  z.strictObject({ id: z.string().min(1).max(300), notice: z.string().optional(), url: z.url().optional() }).transform(
    ({ id, notice, url }): Licence => ({
      id,
      ...(notice === undefined ? {} : { notice }),
      ...(url === undefined ? {} : { url }),
    }),
  ),
]);

/** Options that all files of prompts have. */
export const promptFileOptions = {
  /** Relative to the study file. */
  path: z.string().min(1),
  /** Of prompts whose file does not say it. */
  intent: z.enum(['unsafe', 'benign', 'unknown']).default('unknown'),
  /** BCP 47, of prompts whose file does not say it. */
  language: z.string().min(1).max(35).default('und'),
  licence: licenceOption.default({ id: 'unknown' }),
} as const;

const column = z.string().min(1);
/** Options of files with columns. A column that is set must exist; one that is left out is used under its own name where it exists. */
export const promptTableOptions = {
  ...promptFileOptions,
  columns: z
    .strictObject({
      text: column.default('prompt'),
      id: column.optional(),
      hazards: column.optional(),
      intent: column.optional(),
      language: column.optional(),
      pairId: column.optional(),
      groupId: column.optional(),
    })
    .prefault({}),
  hazards: hazardLabelOptions.prefault({}),
} as const;

export interface PromptTableOptions {
  readonly columns: { readonly text: string } & {
    readonly [Field in 'id' | 'hazards' | 'intent' | 'language' | 'pairId' | 'groupId']?: string | undefined;
  };
  readonly hazards: HazardLabelOptions;
  readonly intent: Prompt['intent'];
  readonly language: string;
}

export const pathOf = (baseFolder: string, path: string): string => (isAbsolute(path) ? path : resolve(baseFolder, path));

/** Columns without which the file is refused. */
export const requiredColumns = ({ columns }: PromptTableOptions): string[] =>
  Object.values(columns).filter((name) => name !== undefined);

/** Told a label of the file that has no hazard, each time it occurs. */
export type ReportLabel = (label: string) => void;

/** One prompt of a row. Throws PROMPTS_INVALID that names line and column. The id is the row's number where the file has none. */
export function promptReader(source: TextSource, options: PromptTableOptions): (row: Row, unmapped?: ReportLabel) => Prompt {
  const readHazards = hazardReader(options.hazards);
  const { columns } = options;
  return ({ line, row, values }, unmapped) => {
    const fault = (what: string) =>
      textFault(source, `Expected ${what} in line ${line} of ${source.path}. Correct the row.`, { details: { line, row } });
    const text = cellText(values[columns.text]);
    if (text === undefined || text.trim() === '') throw fault(`a text in column ${columns.text}, received an empty one,`);
    const pairId = cellText(values[columns.pairId ?? 'pairId']);
    const groupId = cellText(values[columns.groupId ?? 'groupId']);
    const prompt = {
      id: cellText(values[columns.id ?? 'id']) ?? `${row}`,
      text,
      hazards: readHazards(
        values[columns.hazards ?? 'hazards'],
        (label) => fault(`a known hazard, received "${label.slice(0, 80)}" (add it to \`hazards.map\`),`),
        unmapped,
      ),
      intent: cellText(values[columns.intent ?? 'intent']) ?? options.intent,
      language: cellText(values[columns.language ?? 'language']) ?? options.language,
      ...(pairId === undefined ? {} : { pairId }),
      ...(groupId === undefined ? {} : { groupId }),
    };
    const parsed = promptSchema.safeParse(prompt);
    if (!parsed.success) throw fault(fieldFault(parsed.error, prompt));
    return parsed.data;
  };
}

interface FileSet {
  readonly source: TextSource;
  /** Further files that the set is read from. */
  readonly more?: readonly TextSource[];
  readonly licence: Licence;
  readonly read: (signal: AbortSignal, unmapped?: ReportLabel) => AsyncIterable<Prompt>;
  /** Digest of what is read, where that is not a list of files. */
  readonly digest?: (signal: AbortSignal) => Promise<string>;
  /** Called once with the digest; throws where it is not an expected one. */
  readonly accept?: (digest: string) => void;
}

/** Of one file its SHA-256; of several the SHA-256 of their digests in hex, each followed by a line end. */
async function digestFiles(sources: readonly TextSource[], signal: AbortSignal): Promise<string> {
  const digests: string[] = [];
  for (const source of sources) digests.push(await digestFile(source, signal));
  if (digests.length === 1) return digests[0]!;
  return createHash('sha256')
    .update(digests.map((digest) => `${digest}\n`).join(''))
    .digest('hex');
}

/** Labels that are counted one by one; the rest of an endless list counts as one. Arbitrary. */
const maxUnmappedLabels = 200;

/** A prompt set over files that are read anew each time; ids are checked to be unique, duplicates are counted and kept. */
export function fileSet({ source, more = [], licence, read, accept, digest }: FileSet): PromptSet {
  let accepted: string | undefined;
  const check = async (signal: AbortSignal): Promise<string> => {
    signal.throwIfAborted();
    if (accepted === undefined) {
      const found = await (digest?.(signal) ?? digestFiles([source, ...more], signal));
      accept?.(found);
      accepted = found;
    }
    return accepted;
  };
  return {
    async info(signal) {
      const digest = await check(signal);
      const unmapped = new Map<string, number>();
      const report = (label: string): void => {
        const key = unmapped.has(label) || unmapped.size < maxUnmappedLabels ? label.slice(0, 200) : 'other labels';
        unmapped.set(key, (unmapped.get(key) ?? 0) + 1);
      };
      const { count, duplicates } = await countPrompts(source, read(signal, report));
      return {
        digest,
        licence,
        count,
        duplicates,
        ...(unmapped.size === 0 ? {} : { unmappedLabels: Object.fromEntries(unmapped) }),
      };
    },
    async *prompts(signal) {
      await check(signal);
      yield* read(signal);
    },
  };
}

async function countPrompts(
  source: TextSource,
  prompts: AsyncIterable<Prompt>,
): Promise<{ count: number; duplicates: number }> {
  const ids = new DigestSet();
  const texts = new DigestSet();
  let count = 0;
  for await (const { id, text } of prompts) {
    if (!ids.add(id))
      throw textFault(
        source,
        `Expected unique ids in ${source.path}, received "${id}" twice. Make it unique or leave out \`columns.id\`.`,
        { details: { id } },
      );
    texts.add(text);
    count += 1;
  }
  if (count === 0) throw textFault(source, `Expected prompts in ${source.path}, received none. Add one.`);
  return { count, duplicates: count - texts.size };
}

/** Refuses a known set whose bytes are not a published version, unless the user says so. */
export function expectDigest(source: TextSource, known: readonly string[], allowOther: boolean): (digest: string) => void {
  return (digest) => {
    if (allowOther || known.length === 0 || known.includes(digest)) return;
    throw new DiptychError(
      'PROMPTS_DIGEST_MISMATCH',
      `Expected ${source.path} to have the SHA-256 ${known.join(' or ')}, received ${digest}. Fetch the published file again, set sha256 to the digest of your version, or set allowOtherDigest: true to use any.`,
      { details: { path: source.path, known, digest } },
    );
  };
}
