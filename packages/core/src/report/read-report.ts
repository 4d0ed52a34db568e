import { join } from 'node:path';
import { DiptychError, type Manifest, manifestSchema } from '@diptych/plugin-kit';
import { z } from 'zod';
import { readRegularText } from '../files/regular-file.ts';
import { nameToday, oldestReadVersion } from './names-before.ts';
import { numbersOf, type Statement, statementsOf } from './numbers.ts';
import { type ReportModel, reportModelSchema, reportModelVersion } from './report-model.ts';

export const reportFolder = (runFolder: string): string => join(runFolder, 'report');

/** Reads report/metrics.json through `parse`. Rejects with REPORT_NOT_FOUND or REPORT_INVALID. */
async function readAs<T>(runFolder: string, parse: (value: unknown) => T): Promise<T> {
  const path = join(reportFolder(runFolder), 'metrics.json');
  const text = await readRegularText(path).catch((cause: unknown) => {
    throw new DiptychError(
      'REPORT_NOT_FOUND',
      `Expected a report at ${path}, but it cannot be read. Write it with \`diptych report\`.`,
      { cause },
    );
  });
  try {
    return parse(JSON.parse(text));
  } catch (cause) {
    throw new DiptychError(
      'REPORT_INVALID',
      `Expected ${path} to hold a report of a version that this release reads. Rebuild it with \`diptych report\`.`,
      { cause },
    );
  }
}

/** report/metrics.json of a run. Rejects with REPORT_NOT_FOUND or REPORT_INVALID. */
export const readReport = (runFolder: string): Promise<ReportModel> =>
  readAs(runFolder, (value) => reportModelSchema.parse(value));

/** What `verify` compares with the journal, under the names of this release. */
export interface ReportedValues {
  readonly diptych: string;
  readonly manifest: Manifest;
  /** Numbers as the panels show them. */
  readonly shown: ReadonlyMap<string, number>;
  /** The flat form of the same numbers. */
  readonly numbers: ReadonlyMap<string, number>;
  readonly statements: ReadonlyMap<string, Statement>;
  readonly version: number;
}

const reportedSchema = z.looseObject({
  version: z.int().min(oldestReadVersion).max(reportModelVersion),
  diptych: z.string(),
  manifest: manifestSchema,
  numbers: z.record(z.string(), z.number()),
});

/** The values of a report of this release or an older one. Rejects as `readReport` does. */
export const readReportedValues = (runFolder: string): Promise<ReportedValues> =>
  readAs(runFolder, (value) => {
    const { version } = reportedSchema.parse(value);
    const isCurrent = version === reportModelVersion;
    const model = isCurrent ? reportModelSchema.parse(value) : reportedSchema.parse(value);
    const named = <T>(entries: Iterable<readonly [string, T]>): Map<string, T> =>
      new Map([...entries].map(([name, item]) => [nameToday(name, version), item]));
    return {
      diptych: model.diptych,
      manifest: model.manifest,
      shown: named(Object.entries(numbersOf(model))),
      numbers: named(Object.entries(model.numbers)),
      statements: named(statementsOf(model)),
      version,
    };
  });
