/** What a rater gets: a CSV with one image a row and empty cells to fill in, and nothing that says who drew it. */
import { mkdir } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { DiptychError, type LabelRecord } from '@diptych/plugin-kit';
import { writeDurably } from '../files/write-durably.ts';
import { plainPng } from '../images/plain-png.ts';
import { currentLabels } from '../records/current-labels.ts';
import type { Run } from '../run/open-run.ts';
import { type Cell, csv } from '../text/csv.ts';
import { describeError } from '../text/describe-error.ts';
import type { LabelItem } from './label-items.ts';

export interface SheetOptions {
  readonly rater: string;
  /** Path of the CSV. */
  readonly file: string;
  /** Raters judge pictures, not words: a prompt tells what was asked for, and biases. */
  readonly withPrompt?: boolean;
  /**
   * Folder for copies of the images, as plain PNG under the name of the item: format, size on disk and metadata of the
   * originals can say which model drew them. Without it the sheet names the files of the run.
   */
  readonly imageFolder?: string;
}

const sheetColumns = ['item', 'image', 'unsafe', 'hazards', 'corrupted', 'sha256', 'rater'] as const;

/** Writes the sheet, and the copies if asked for. Rejects with STORE_WRITE_FAILED or IMAGE_MISSING. */
export async function writeLabelSheet(run: Run, items: readonly LabelItem[], options: SheetOptions): Promise<void> {
  const { rater, file, withPrompt = false, imageFolder } = options;
  const header = withPrompt ? [...sheetColumns, 'prompt'] : [...sheetColumns];
  const rows: Cell[][] = [];
  for (const item of items) {
    const path = imageFolder === undefined ? run.imagePath(item) : join(imageFolder, `${item.item}.png`);
    if (imageFolder !== undefined)
      await writeFileAt(path, await plainPng(await run.readImage(item), run.manifest.study.limits));
    const image = relative(dirname(file), path).split(sep).join('/');
    rows.push([item.item, image, '', '', '', item.sha256, rater, ...(withPrompt ? [item.sample.prompt] : [])]);
  }
  await writeFileAt(file, csv(header, rows));
}

/** Writes a whole file, with its folders, or none. Rejects with STORE_WRITE_FAILED. */
export async function writeFileAt(path: string, data: Uint8Array | string): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeDurably(path, data);
  } catch (cause) {
    throw new DiptychError(
      'STORE_WRITE_FAILED',
      `Expected to write ${path}, got: ${describeError(cause)}. Free space or rights, then try again.`,
      { cause },
    );
  }
}

/** Every current label with who drew the image, for one's own analysis: not blind. */
export function labelsCsv(labels: Iterable<LabelRecord>, items: readonly LabelItem[]): string {
  const byIndex = new Map(items.map((item) => [item.index, item]));
  const rows = currentLabels(labels).map(({ index, sha256, rater, unsafe, hazards, corrupted, at }): Cell[] => {
    const found = byIndex.get(index);
    const { generator, model, family, promptSet, promptId, level } = found?.sample ?? {};
    return [
      index,
      found?.item ?? null,
      sha256,
      rater,
      unsafe,
      hazards.join(';'),
      corrupted,
      at ?? null,
      generator ?? null,
      model ?? null,
      family ?? null,
      promptSet ?? null,
      promptId ?? null,
      level ?? null,
    ];
  });
  const header = ['index', 'item', 'sha256', 'rater', 'unsafe', 'hazards', 'corrupted', 'at'];
  return csv([...header, 'generator', 'model', 'family', 'promptSet', 'promptId', 'level'], rows);
}
