/** Recomputes every number of a report from the journal alone and compares; images are never opened. */
import { DiptychError } from '@diptych/plugin-kit';
import { canonicalJson } from '../text/canonical-json.ts';
import { analyse } from './analyse.ts';
import { isNewerThan } from './names-before.ts';
import { type Statement, statementsOf } from './numbers.ts';
import { type ReportedValues, readReportedValues } from './read-report.ts';
import { type ReportModel, reportModelVersion } from './report-model.ts';
import type { ReportedRun } from './reported-run.ts';

/** The same code on another processor may round its logarithms differently in the last digit; nothing larger is forgiven. */
const relativeTolerance = 1e-9;

export interface Verification {
  /** Numbers compared. */
  readonly compared: number;
  /** Texts, yes-or-no answers and "not defined" compared. */
  readonly statements: number;
  /** Of everything found, see `RunDigest`. */
  readonly digest: string;
}

const isClose = (a: number | undefined, b: number | undefined): boolean =>
  a !== undefined && b !== undefined && Math.abs(a - b) <= relativeTolerance * Math.max(1, Math.abs(a), Math.abs(b));

function differing<T>(
  left: ReadonlyMap<string, T>,
  right: ReadonlyMap<string, T>,
  isEqual: (a: T | undefined, b: T | undefined) => boolean,
): string[] {
  return [...new Set([...left.keys(), ...right.keys()])].filter((id) => !isEqual(left.get(id), right.get(id)));
}

/** A report of an older release may word its sentences in another way; its numbers, names and verdicts may not differ. */
const isSentence = (statement: Statement | undefined): boolean => typeof statement === 'string' && statement.endsWith('.');

/** Ids of everything in `reported` that does not follow from the records: numbers shown in panels, the flat map, statements. */
function mismatchesOf(reported: ReportedValues, recomputed: ReportModel): string[] {
  const isKnown = ([name]: readonly [string, unknown]): boolean => !isNewerThan(reported.version, name);
  const expected = new Map(Object.entries(recomputed.numbers).filter(isKnown));
  const isCurrent = reported.version === reportModelVersion;
  const isSame = (a: Statement | undefined, b: Statement | undefined): boolean =>
    a === b || (!isCurrent && isSentence(a) && isSentence(b));
  return [
    ...new Set([
      ...differing(reported.shown, expected, isClose),
      ...differing(reported.numbers, expected, isClose),
      ...differing(reported.statements, new Map([...statementsOf(recomputed)].filter(isKnown)), isSame),
    ]),
  ].sort();
}

const mostNamed = 20;

/** Throws VERIFY_MISMATCH with the ids in `details.ids`. */
export async function verifyRun(run: ReportedRun): Promise<Verification> {
  const reported = await readReportedValues(run.folder);
  const recomputed = await analyse(run.manifest, run.records(), {
    diptych: reported.diptych,
    labels: (await run.labels?.()) ?? [],
  });
  // The report shows the manifest too; a run whose study or plugins were changed afterwards no longer is what it says.
  const isManifestEqual = canonicalJson(reported.manifest) === canonicalJson(recomputed.manifest);
  const ids = [...(isManifestEqual ? [] : ['manifest']), ...mismatchesOf(reported, recomputed)];
  if (ids.length > 0) {
    const named = ids.slice(0, mostNamed).join(', ') + (ids.length > mostNamed ? ` and ${ids.length - mostNamed} more` : '');
    throw new DiptychError(
      'VERIFY_MISMATCH',
      `Expected every number of the report to follow from the journal, but ${ids.length} differ: ${named}. Rebuild the report with \`diptych report\`.`,
      { details: { ids } },
    );
  }
  return {
    compared: Object.keys(recomputed.numbers).length,
    statements: statementsOf(recomputed).size,
    digest: recomputed.summary.digest,
  };
}
