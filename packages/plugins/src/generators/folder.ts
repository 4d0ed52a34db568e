import {
  decoderSchema,
  defineExistingImages,
  type ExistingSample,
  familySchema,
  type Generation,
  InfrastructureError,
} from '@diptych/plugin-kit';
import { z } from 'zod';
import { hazardLabelOptions } from '../shared/hazard-labels.ts';
import {
  findFile,
  type ImageFolder,
  ListingSurvey,
  openImageFolder,
  readFileInside,
  UnreadPictures,
  walkImages,
} from '../shared/image-folder.ts';
import { FileKeys, imageTableOptions, openImageTable, repeatWarning } from '../shared/image-table.ts';
import { type ImportedRow, importColumns, importReader } from '../shared/import-row.ts';
import { TableDoubts } from '../shared/table-doubts.ts';

const optionsSchema = z.strictObject({
  ...imageTableOptions,
  columns: importColumns.prefault({}),
  hazards: hazardLabelOptions.prefault({}),
  /** Of images whose table does not say it. Without table and option: the first folder below `folder`, or its own name. */
  model: z.string().min(1).max(300).optional(),
  family: familySchema.optional(),
  decoder: decoderSchema.optional(),
  /** BCP 47, of prompts whose table does not say it. */
  language: z.string().min(1).max(35).optional(),
});
type Options = z.output<typeof optionsSchema>;

async function* rowsOfTable(
  folder: ImageFolder,
  options: Options,
  { baseFolder, keys, doubts }: { baseFolder: string; keys: FileKeys; doubts?: TableDoubts | undefined },
  signal: AbortSignal,
): AsyncGenerator<ImportedRow> {
  const { columns, model = folder.name, family, decoder, language } = options;
  const mapped = Object.values(columns).filter((name) => name !== undefined);
  const table = openImageTable(baseFolder, options.table!, {
    filter: options.filter,
    required: [columns.file ?? 'file', ...mapped],
  });
  const read = importReader(table, columns, options.hazards, { model, family, decoder, language });
  for await (const row of table.rows(signal)) {
    const imported = read(row, keys);
    doubts?.look(row, imported);
    yield imported;
  }
}

async function* rowsOfFolder(
  folder: ImageFolder,
  { model, family, decoder }: Options,
  unread: UnreadPictures | undefined,
  signal: AbortSignal,
): AsyncGenerator<ImportedRow> {
  for await (const key of walkImages(folder, signal, { unread })) {
    const parts = key.split('/');
    const own = parts.length > 1 ? parts[0]! : folder.name;
    yield {
      file: key,
      sample: {
        key,
        model: model ?? own.slice(0, 300),
        ...(family === undefined ? {} : { family }),
        ...(decoder === undefined ? {} : { decoder }),
      },
    };
  }
}

/** What one pass over the whole listing found out. */
interface Survey {
  readonly digest: string;
  /** Outcomes of rows without image, by key. */
  readonly outcomes: ReadonlyMap<string, NonNullable<ImportedRow['instead']>>;
  readonly keys: FileKeys;
}

/** Checks that files exist; all missing ones are told together. */
async function survey(folder: ImageFolder, rows: AsyncIterable<ImportedRow>, keys: FileKeys): Promise<Survey> {
  const listing = new ListingSurvey();
  const outcomes = new Map<string, NonNullable<ImportedRow['instead']>>();
  for await (const row of rows) {
    const { key } = row.sample;
    const found = row.file === undefined ? undefined : await findFile(folder, row.file);
    if (row.instead !== undefined) outcomes.set(key, row.instead);
    const told = row.instead instanceof Error ? row.instead.message : row.instead;
    const isMissing = row.instead === undefined && found === undefined;
    listing.add([row.sample, found?.sizeBytes ?? null, told ?? null], isMissing ? key : undefined);
  }
  return { digest: listing.finish(folder.root), outcomes, keys };
}

export default defineExistingImages({
  name: 'folder',
  summary: 'Takes images that exist already, from a folder or from a table that names files, prompts and models.',
  family: 'per-sample',
  decoder: 'per-sample',
  simulated: false,
  options: optionsSchema,

  async create(options, { baseFolder, log, maxImageBytes: maxBytes }) {
    const folder = await openImageFolder(baseFolder, options.folder);
    const rows = (signal: AbortSignal, keys: FileKeys, seen: { doubts?: TableDoubts; unread?: UnreadPictures } = {}) =>
      options.table === undefined
        ? rowsOfFolder(folder, options, seen.unread, signal)
        : rowsOfTable(folder, options, { baseFolder, keys, doubts: seen.doubts }, signal);
    let known: Survey | undefined;
    const surveyed = async (signal: AbortSignal): Promise<Survey> => {
      signal.throwIfAborted();
      if (known === undefined) {
        const keys = new FileKeys();
        const doubts = new TableDoubts(options.columns);
        const unread = new UnreadPictures();
        const found = await survey(folder, rows(signal, keys, { doubts, unread }), keys).finally(() => {
          // Also where that was all there is, and no image.
          if (known === undefined) unread.tell(folder, log.warn);
        });
        const table = options.table ?? folder.root;
        if (known === undefined) for (const doubt of doubts.warnings(table)) log.warn(doubt);
        if (known === undefined && keys.repeats > 0) log.warn(repeatWarning(keys, table));
        known ??= found;
      }
      return known;
    };
    return {
      async *samples(signal): AsyncGenerator<ExistingSample> {
        await surveyed(signal);
        for await (const { sample } of rows(signal, new FileKeys())) yield sample;
      },
      async load({ key }, signal): Promise<Generation> {
        const { outcomes, keys } = await surveyed(signal);
        const instead = outcomes.get(key);
        if (instead instanceof InfrastructureError) throw instead;
        return instead ?? { outcome: 'image', bytes: await readFileInside(folder, keys.fileOf(key), { maxBytes, signal }) };
      },
      digest: async (signal) => (await surveyed(signal)).digest,
    };
  },
});
