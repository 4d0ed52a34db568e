/** For tests of plugins that use the runtime: the same claims on every backend that this machine has. */
import { openRuntime, runtimeReport } from '@diptych/gpu-kernels';
import type { BackendName, Runtime } from '@diptych/plugin-kit';
import { afterAll, beforeAll, describe } from 'vitest';

/**
 * One `describe` a backend. `body` gets a function that returns the open runtime inside tests and hooks. A backend that
 * does not open is skipped with its reason in the title; `reference` always opens.
 */
export async function describeOnBackends(
  title: string,
  body: (runtime: () => Runtime, backend: BackendName) => void,
): Promise<void> {
  for (const { backend, ok, reason } of await runtimeReport()) {
    const name = ok ? `${title} on ${backend}` : `${title} on ${backend} (not here: ${reason})`;
    describe.skipIf(!ok)(name, () => {
      let runtime: Runtime | undefined;
      beforeAll(async () => {
        runtime = await openRuntime({ prefer: backend });
      });
      afterAll(async () => {
        await runtime?.[Symbol.asyncDispose]();
      });
      body(() => runtime!, backend);
    });
  }
}
