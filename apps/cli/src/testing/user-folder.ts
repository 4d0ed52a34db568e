/** A folder for each test with a user's files, the command line in it, and what is read from it afterwards. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import { type Finished, type RunDiptychOptions, runDiptych } from './run-diptych.ts';

/** The members of a journal line that tests look at. */
interface Line {
  readonly type: string;
  readonly generator?: string;
  readonly detector?: string;
  readonly outcome?: string;
  readonly status?: string;
  readonly reason?: string;
  readonly promptId?: string;
  readonly prompt?: string;
  readonly hazards?: readonly string[];
  readonly syntheticScore?: number;
}

/** Call it in a test file, outside of tests. */
export function userFolder() {
  let cwd: string;
  beforeEach(async () => {
    cwd = await mkdtemp(join(tmpdir(), 'diptych-bad-'));
  });
  afterEach(async () => {
    await rm(cwd, { recursive: true, force: true });
  });
  const text = (path: string): Promise<string> => readFile(join(cwd, path), 'utf8');
  return {
    /** The path of `name` in the folder. */
    at: (name: string): string => join(cwd, name),
    diptych: (parameters: readonly string[], options: Partial<RunDiptychOptions> = {}): Promise<Finished> =>
      runDiptych(parameters, { cwd, ...options }),
    write: (name: string, contents: string | Uint8Array): Promise<void> => writeFile(join(cwd, name), contents),
    text,
    journalOf: async (id: string): Promise<Line[]> =>
      (await text(`runs/${id}/journal.jsonl`))
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line) as Line),
  };
}

/** Throws unless stdout is one JSON document. */
export const errorOf = ({ stdout }: Finished): { code: string; message: string } | undefined =>
  (JSON.parse(stdout) as { error?: { code: string; message: string } }).error;
