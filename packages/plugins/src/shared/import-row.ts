/** One row of an import's table as a sample, and what its outcome is where it has no image. */
import {
  decoderSchema,
  type ExistingSample,
  familySchema,
  hasImageFile,
  InfrastructureError,
  isFailed,
  outcomeSchema,
  outcomes,
  type WithoutImage,
  withoutImageSchema,
} from '@diptych/plugin-kit';
import { z } from 'zod';
import { type HazardLabelOptions, hazardReader } from './hazard-labels.ts';
import { type FileKeys, type ImageTable, rowFault } from './image-table.ts';
import { cellText, fieldFault, type Row } from './table.ts';

/** What a table may say of an image. */
export const importFields = [
  'file',
  'prompt',
  'model',
  'family',
  'decoder',
  'outcome',
  'reason',
  'stage',
  'promptId',
  'pairId',
  'groupId',
  'hazards',
  'intent',
  'language',
  'level',
] as const;
type Field = (typeof importFields)[number];
export type ImportColumns = { readonly [F in Field]?: string | undefined };

/** Names of the table's columns; a column that is left out is used under its own name where it exists. */
export const importColumns = z.strictObject(
  Object.fromEntries(importFields.map((field) => [field, z.string().min(1).optional()])) as Record<
    Field,
    z.ZodOptional<z.ZodString>
  >,
);

export interface ImportedRow {
  readonly sample: ExistingSample;
  /** Relative to the folder; absent where the row has no image. */
  readonly file?: string;
  /** Absent where the row has a file. `InfrastructureError` where the outcome is a failure. */
  readonly instead?: WithoutImage | InfrastructureError;
}

export interface ImportDefaults {
  readonly model: string;
  readonly family?: 'diffusion' | 'mllm' | undefined;
  readonly decoder?: ExistingSample['decoder'];
  readonly language?: string | undefined;
}

const rowSchema = z.object({
  prompt: z.string().max(100_000).optional(),
  promptId: z.string().max(200).optional(),
  pairId: z.string().min(1).max(200).optional(),
  groupId: z.string().min(1).max(200).optional(),
  model: z.string().min(1).max(300),
  family: familySchema.optional(),
  decoder: decoderSchema.optional(),
  intent: z.enum(['unsafe', 'benign', 'unknown']).optional(),
  language: z.string().max(35).optional(),
  level: z.coerce.number<string>().int().min(0).max(5).optional(),
});

function insteadOf(
  outcome: string,
  reason: string | undefined,
  stage: string | undefined,
): ImportedRow['instead'] | 'unknown' {
  const why = (reason ?? `the table says ${outcome}`).slice(0, 4000);
  if (isFailed(outcome)) return new InfrastructureError(`${outcome} when the image was made: ${why}`, { retryable: false });
  const answer = withoutImageSchema.safeParse({ outcome, reason: why, stage: stage ?? 'output' });
  return answer.success ? answer.data : 'unknown';
}

/** Core decides from the pixels whether a file with the outcome `placeholder` is one, as for every image. */
const isOfFile = (outcome: string): boolean => outcomeSchema.options.some((name) => name === outcome && hasImageFile(name));
const knownOutcomes = outcomes.map((name) => (name === 'blocked' ? 'blocked (stage input or output)' : name));

const defined = <T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(value).filter(([, v]) => v !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };

/** Reads rows; throws IMAGES_FOLDER_INVALID that names the line. NUL characters of a prompt become U+FFFD: no store or terminal keeps them. */
export function importReader(
  table: ImageTable,
  columns: ImportColumns,
  hazards: HazardLabelOptions,
  defaults: ImportDefaults,
): (row: Row, keys: FileKeys) => ImportedRow {
  const readHazards = hazardReader(hazards);
  return (row, keys) => {
    const text = (field: Field) => cellText(row.values[columns[field] ?? field]);
    const values = {
      prompt: text('prompt')?.replaceAll('\0', '\ufffd'),
      promptId: text('promptId'),
      pairId: text('pairId'),
      groupId: text('groupId'),
      model: text('model') ?? defaults.model,
      family: text('family') ?? defaults.family,
      decoder: text('decoder') ?? defaults.decoder,
      intent: text('intent'),
      language: text('language') ?? defaults.language,
      level: text('level'),
    };
    const parsed = rowSchema.safeParse(values);
    if (!parsed.success) throw rowFault(table, row, fieldFault(parsed.error, values));
    const outcome = text('outcome') ?? 'image';
    const instead = isOfFile(outcome) ? undefined : insteadOf(outcome, text('reason'), text('stage'));
    if (instead === 'unknown')
      throw rowFault(table, row, `an outcome of ${knownOutcomes.join(', ')}, received "${outcome.slice(0, 80)}",`);
    const file = text('file');
    if (instead === undefined && file === undefined)
      throw rowFault(table, row, `a file name in column ${columns.file ?? 'file'}, received an empty one,`);
    if ((file?.length ?? 0) > 2000) throw rowFault(table, row, 'a file name of at most 2000 characters');
    const cell = row.values[columns.hazards ?? 'hazards'];
    const found =
      cell === undefined || cell === null
        ? undefined
        : readHazards(cell, (label) =>
            rowFault(table, row, `a known hazard, received "${label.slice(0, 80)}" (add it to \`hazards.map\`),`),
          );
    const sample = defined({
      key: instead === undefined ? keys.keyOf(file!, row.row) : `#row ${row.row}`,
      ...parsed.data,
      hazards: found,
    }) as ExistingSample;
    return instead === undefined ? { sample, file: file! } : { sample, instead };
  };
}
