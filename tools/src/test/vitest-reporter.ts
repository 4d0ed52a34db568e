/** A Vitest reporter that writes what the test command counts, with the reasons of skips, which the JSON reporter drops. */
import { writeFileSync } from 'node:fs';
import { relative } from 'node:path';
import type { SerializedError } from 'vitest';
import type { Reporter, TestCase, TestModule } from 'vitest/node';
import { repositoryRoot } from '../repository.ts';
import type { RanTest } from './must-run.ts';
import type { SkippedTest } from './results.ts';

export interface VitestTotals {
  readonly ran: readonly RanTest[];
  readonly failed: readonly RanTest[];
  readonly skipped: readonly SkippedTest[];
  /** Files that could not be loaded, and errors outside of any test. */
  readonly errors: readonly string[];
  /** Test files whose process was ended by a signal, such as a crash within a graphics driver. */
  readonly crashed: readonly CrashedFile[];
}

export interface CrashedFile {
  readonly file: string;
  readonly signal: string;
}

/** Environment variable with the path that the totals are written to. */
export const totalsVariable = 'DIPTYCH_VITEST_TOTALS';

export default class TotalsReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[]): void {
    const path = process.env[totalsVariable];
    if (path === undefined) throw new Error(`Expected ${totalsVariable} to hold a path, it is not set.`);
    writeFileSync(path, JSON.stringify(collectTotals(modules, unhandled)));
  }
}

function collectTotals(modules: readonly TestModule[], unhandled: readonly SerializedError[]): VitestTotals {
  const tests = modules.flatMap((module) => [...module.children.allTests()]);
  const stateIs = (state: string) => (test: TestCase) => test.result().state === state;
  const broken = modules.flatMap((module) => module.errors().map(({ message }) => `${pathOf(module)}: ${message}`));
  const brokenSuites = modules.flatMap((module) =>
    [...module.children.allSuites()].flatMap((suite) =>
      suite.errors().map(({ message }) => `${pathOf(module)} > ${suite.fullName}: ${message}`),
    ),
  );
  return {
    ran: tests.filter((test) => !stateIs('skipped')(test)).map(nameOf),
    failed: tests.filter(stateIs('failed')).map(nameOf),
    skipped: tests.filter(stateIs('skipped')).map(describeSkip),
    errors: [...broken, ...brokenSuites, ...unhandled.filter((error) => !crashOf(error)).map(({ message }) => message)],
    crashed: unhandled.flatMap((error) => crashOf(error) ?? []),
  };
}

/** Vitest names signal and file in the cause of what its pool reports. */
function crashOf({ message, cause }: Pick<SerializedError, 'message' | 'cause'>): CrashedFile | undefined {
  const text = `${message} ${(cause as Partial<SerializedError> | undefined)?.message ?? ''}`;
  const found = /with signal (SIG[A-Z]+) .*running test file (\S+)/.exec(text);
  return found ? { signal: found[1]!, file: relativePath(found[2]!) } : undefined;
}

const relativePath = (path: string): string => relative(repositoryRoot, path).replaceAll('\\', '/');
const pathOf = (module: TestModule): string => relativePath(module.moduleId);
const nameOf = (test: TestCase): RanTest => ({ file: pathOf(test.module), name: test.fullName });

/** The reason is the note of `context.skip(note)`, else what the name of the test or its suite says in parentheses. */
function describeSkip(test: TestCase): SkippedTest {
  const result = test.result();
  const note = result.state === 'skipped' ? result.note : undefined;
  return { ...nameOf(test), reason: note ?? reasonIn(test.fullName) };
}

/** Of `(skipped: REASON)`, `(here: REASON)`, or `(skipped where …)` as a whole; a reason may have parentheses of its own. */
const reasonIn = (name: string): string | undefined =>
  /\((?:skipped: |here: |(?=skipped where ))((?:[^()]|\([^()]*\))+)\)/.exec(name)?.[1];
