/** The opening of a backend in a `describe` whose tests run on several: it ends with them. */
import { type BackendName, isDiptychError } from '@diptych/plugin-kit/runtime';
import { afterAll, expect, it } from 'vitest';
import type { Backend } from '../backends/backend.ts';
import { openRuntime, type TimedRuntime } from '../index.ts';
import { openFirst } from '../open-backend.ts';

/**
 * What `open` gives, until the tests have ended. Undefined where the backend is not there: then the `describe` has one test,
 * which is skipped for that reason, and fails where CI demands every backend.
 */
async function opened<T extends AsyncDisposable>(open: () => Promise<T>): Promise<T | undefined> {
  try {
    const resource = await open();
    afterAll(() => resource[Symbol.asyncDispose]());
    return resource;
  } catch (error) {
    if (!isDiptychError(error) || error.code !== 'BACKEND_UNAVAILABLE') throw error;
    it(`open where CI demands it (here: ${error.message})`, ({ skip }) => {
      expect(process.env.CI, error.message).not.toBe('true');
      skip(error.message);
    });
    return undefined;
  }
}

export const openedBackend = (name: BackendName): Promise<Backend | undefined> =>
  opened(async () => (await openFirst([name], {})).backend);

export const openedRuntime = (name: BackendName): Promise<TimedRuntime | undefined> =>
  opened(() => openRuntime({ prefer: name }));
