import { join } from 'node:path';
import { DiptychError } from '@diptych/plugin-kit';
import { readRegularText } from '../files/regular-file.ts';
import { type ReportModel, reportModelSchema } from './report-model.ts';

export const reportFolder = (runFolder: string): string => join(runFolder, 'report');

/** report/metrics.json of a run. Rejects with REPORT_NOT_FOUND or REPORT_INVALID. */
export async function readReport(runFolder: string): Promise<ReportModel> {
  const path = join(reportFolder(runFolder), 'metrics.json');
  const text = await readRegularText(path).catch((cause: unknown) => {
    throw new DiptychError(
      'REPORT_NOT_FOUND',
      `Expected a report at ${path}, but it cannot be read. Write it with \`diptych report\`.`,
      { cause },
    );
  });
  try {
    return reportModelSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new DiptychError(
      'REPORT_INVALID',
      `Expected ${path} to hold a report of a version that this release reads. Rebuild it with \`diptych report\`.`,
      { cause },
    );
  }
}
