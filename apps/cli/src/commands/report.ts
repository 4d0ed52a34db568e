/** `diptych report`: metrics and report of a run, from its journal. */
import { type ReportFormat, reportFormats } from '@diptych/core';
import { DiptychError } from '@diptych/plugin-kit';
import { type ReportOptions, reportRun } from '../run-study.ts';

interface ReportCommandOptions extends ReportOptions {
  /** Names of formats, separated by commas. */
  readonly format?: string;
}

function formatsOf(names: string): ReportFormat[] {
  const wanted = [...new Set(names.split(',').map((name) => name.trim()))];
  const unknown = wanted.filter((name) => !(reportFormats as readonly string[]).includes(name));
  if (unknown.length === 0) return wanted as ReportFormat[];
  throw new DiptychError(
    'USAGE',
    `Expected --format to name formats out of ${reportFormats.join(', ')}, got ${unknown.map((name) => `"${name}"`).join(', ')}. Separate several by commas, such as html,csv.`,
  );
}

export default async function report(runFolder: string, { format, ...options }: ReportCommandOptions): Promise<void> {
  await reportRun(runFolder, { ...options, ...(format !== undefined && { formats: formatsOf(format) }) });
}
