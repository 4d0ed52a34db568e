import { type AuthenticImage, DiptychError, defineAuthenticSet } from '@diptych/plugin-kit';
import { z } from 'zod';
import {
  findFile,
  type ImageFolder,
  ListingSurvey,
  openImageFolder,
  readFileInside,
  UnreadPictures,
  walkImages,
} from '../shared/image-folder.ts';
import { FileKeys, imageTableOptions, openImageTable, repeatWarning, rowFault } from '../shared/image-table.ts';
import { licenceOption } from '../shared/prompt-table.ts';
import { cellText } from '../shared/table.ts';

const optionsSchema = z.strictObject({
  ...imageTableOptions,
  /** Names of the table's columns; a column that is left out is used under its own name where it exists. */
  columns: z
    .strictObject({
      file: z.string().min(1).default('file'),
      licence: z.string().min(1).optional(),
      groupId: z.string().min(1).optional(),
    })
    .prefault({}),
  /** Of images whose table does not say it. Required without table: measurements on images of unknown licence cannot be shared. */
  licence: licenceOption.optional(),
});
type Options = z.output<typeof optionsSchema>;

async function* imagesOfTable(
  options: Options,
  baseFolder: string,
  keys: FileKeys,
  signal: AbortSignal,
): AsyncGenerator<AuthenticImage> {
  const { columns } = options;
  const required = Object.values(columns).filter((name) => name !== undefined);
  const table = openImageTable(baseFolder, options.table!, { filter: options.filter, required });
  for await (const row of table.rows(signal)) {
    const file = cellText(row.values[columns.file]);
    if (file === undefined || file.length > 1900)
      throw rowFault(table, row, `a file name of 1 to 1900 characters in column ${columns.file}`);
    const id = cellText(row.values[columns.licence ?? 'licence']);
    const licence = id === undefined ? options.licence : { id: id.slice(0, 300) };
    if (licence === undefined)
      throw rowFault(table, row, `a licence in column ${columns.licence ?? 'licence'} (or the option \`licence\`)`);
    const groupId = cellText(row.values[columns.groupId ?? 'groupId'])?.slice(0, 2000);
    const key = keys.keyOf(file, row.row);
    yield { key, licence, ...(groupId === undefined ? (key === file ? {} : { groupId: file }) : { groupId }) };
  }
}

async function* imagesOfFolder(
  folder: ImageFolder,
  { licence }: Options,
  unread: UnreadPictures | undefined,
  signal: AbortSignal,
): AsyncGenerator<AuthenticImage> {
  if (licence === undefined)
    throw new DiptychError(
      'IMAGES_FOLDER_INVALID',
      `Expected the option \`licence\` for the images in ${folder.root}, received none. Set it, such as licence: CC-BY-4.0, or give a table with a licence column.`,
    );
  for await (const key of walkImages(folder, signal, { unread })) yield { key, licence };
}

async function digestOf(folder: ImageFolder, images: AsyncIterable<AuthenticImage>, keys: FileKeys): Promise<string> {
  const listing = new ListingSurvey();
  for await (const image of images) {
    const found = await findFile(folder, keys.fileOf(image.key));
    listing.add([image, found?.sizeBytes ?? null], found === undefined ? image.key : undefined);
  }
  return listing.finish(folder.root);
}

export default defineAuthenticSet({
  name: 'folder',
  summary: 'Takes camera images from a folder or from a table that names files and licences.',
  options: optionsSchema,

  async create(options, { baseFolder, log, maxImageBytes: maxBytes }) {
    const folder = await openImageFolder(baseFolder, options.folder);
    const list = (signal: AbortSignal, keys: FileKeys, unread?: UnreadPictures) =>
      options.table === undefined
        ? imagesOfFolder(folder, options, unread, signal)
        : imagesOfTable(options, baseFolder, keys, signal);
    let known: { readonly digest: string; readonly keys: FileKeys } | undefined;
    const surveyed = async (signal: AbortSignal) => {
      signal.throwIfAborted();
      if (known === undefined) {
        const keys = new FileKeys();
        const unread = new UnreadPictures();
        const digest = await digestOf(folder, list(signal, keys, unread), keys).finally(() => {
          // Also where that was all there is, and no image.
          if (known === undefined) unread.tell(folder, log.warn);
        });
        if (known === undefined && keys.repeats > 0) log.warn(repeatWarning(keys, options.table ?? folder.root));
        known ??= { digest, keys };
      }
      return known;
    };
    return {
      async *images(signal) {
        await surveyed(signal);
        yield* list(signal, new FileKeys());
      },
      load: async ({ key }, signal) =>
        readFileInside(folder, (await surveyed(signal)).keys.fileOf(key), { maxBytes, signal }),
      digest: async (signal) => (await surveyed(signal)).digest,
    };
  },
});
