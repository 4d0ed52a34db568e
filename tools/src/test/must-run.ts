/**
 * Suites that a CI machine must really run. A suite that skipped all its tests, or is gone, is a failure: a green
 * run that tested nothing is the worst kind.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { isSlow, type Tier } from './tiers.ts';

const mustRunSchema = z.strictObject({
  suites: z.array(
    z.strictObject({
      /** Shown when it did not run. */
      suite: z.string().min(1),
      /** Beginning of the test files' paths, relative to the repository. */
      files: z.string().min(1),
      /** Part of the full test names; absent means all tests of the files. */
      names: z.string().min(1).optional(),
      needs: z.string().min(1),
    }),
  ),
});

export type RequiredSuite = z.infer<typeof mustRunSchema>['suites'][number];

export const readMustRun = (root: string): readonly RequiredSuite[] =>
  mustRunSchema.parse(JSON.parse(readFileSync(join(root, 'tools/must-run.json'), 'utf8'))).suites;

/** Those that a run of the tier must have: suites of slow files are required of `npm run test:all` only. */
export const suitesOf = (tier: Tier, suites: readonly RequiredSuite[]): readonly RequiredSuite[] =>
  tier === 'all' ? suites : suites.filter(({ files }) => !isSlow(files));

/** A test that ran, whatever its result. */
export interface RanTest {
  readonly file: string;
  readonly name: string;
}

export function missingSuites(required: readonly RequiredSuite[], ran: readonly RanTest[]): string[] {
  return required
    .filter(({ files, names }) => !ran.some(({ file, name }) => file.startsWith(files) && name.includes(names ?? '')))
    .map(({ suite, files, needs }) => `${suite} must run on CI, but no test of ${files} did. It needs ${needs}.`);
}
