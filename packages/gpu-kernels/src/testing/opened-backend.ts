/** The opening of a backend in a `describe` whose tests run on several: it ends with them. */
import type { BackendName } from '@diptych/plugin-kit';
import { afterAll, expect, it } from 'vitest';
import type { Backend } from '../backends/backend.ts';
import { openRuntime, type TimedRuntime } from '../index.ts';
import { tryOpen } from '../open-backend.ts';

/** A test that is skipped for `reason`, the backend not being there, and fails where CI demands every backend. */
function demandOnCi(reason: string): void {
  it(`open where CI demands it (here: ${reason})`, ({ skip }) => {
    expect(process.env.CI, reason).not.toBe('true');
    skip(reason);
  });
}

/** Undefined where the backend does not open: then the `describe` has no more tests. */
export async function openedBackend(name: BackendName): Promise<Backend | undefined> {
  const opened = await tryOpen(name, {});
  if (typeof opened === 'string') {
    demandOnCi(opened);
    return undefined;
  }
  afterAll(() => opened.backend[Symbol.asyncDispose]());
  return opened.backend;
}

/** The same as a runtime. */
export async function openedRuntime(name: BackendName): Promise<TimedRuntime | undefined> {
  const opened = await tryOpen(name, {});
  if (typeof opened === 'string') {
    demandOnCi(opened);
    return undefined;
  }
  await opened.backend[Symbol.asyncDispose]();
  const runtime = await openRuntime({ prefer: name });
  afterAll(() => runtime[Symbol.asyncDispose]());
  return runtime;
}
