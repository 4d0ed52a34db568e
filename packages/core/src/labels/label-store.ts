/** `labels.jsonl` of a run: appended like the journal, read whole, because people write far less than programs. */
import { join } from 'node:path';
import { DiptychError, type LabelRecord, labelRecordSchema } from '@diptych/plugin-kit';
import { IrregularFile, readRegularText } from '../files/regular-file.ts';
import { openJournal } from '../journal/open-journal.ts';
import { describeError, systemCode } from '../text/describe-error.ts';
import { describeIssues } from '../text/describe-issues.ts';

/** A string of V8 holds no more. */
const mostLabelBytes = 511 * 2 ** 20;

const pathOf = (runFolder: string): string => join(runFolder, 'labels.jsonl');

/** The lines as they are; a torn last one is left out, and no file is none. What is no file is LABELS_INVALID. */
export async function readLabelLines(runFolder: string): Promise<string[]> {
  const path = pathOf(runFolder);
  const text = await readRegularText(path, mostLabelBytes).catch((error: unknown) => {
    if (systemCode(error) === 'ENOENT') return '';
    if (error instanceof IrregularFile) throw damaged(path, error.message, error);
    throw error;
  });
  return text.split('\n').slice(0, -1);
}

/** In the order written. Damage but in a torn last line is LABELS_INVALID with the line. */
export async function readLabels(runFolder: string): Promise<LabelRecord[]> {
  const path = pathOf(runFolder);
  const lines = await readLabelLines(runFolder);
  return lines.map((line, place) => parseLine(line, `${path}:${place + 1}`));
}

function parseLine(line: string, where: string): LabelRecord {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (cause) {
    throw damaged(where, describeError(cause), cause);
  }
  const parsed = labelRecordSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw damaged(where, describeIssues(parsed.error));
}

const damaged = (where: string, got: string, cause?: unknown): DiptychError =>
  new DiptychError('LABELS_INVALID', `Expected a label at ${where}, got: ${got}. Restore the file from a copy.`, { cause });

/** Resolves when all are on the disk. */
export async function appendLabels(runFolder: string, labels: readonly LabelRecord[]): Promise<void> {
  await using file = await openJournal<LabelRecord>(pathOf(runFolder));
  for (const label of labels) await file.append(label);
  await file.flush();
}
