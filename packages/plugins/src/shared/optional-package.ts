/** npm packages that a plugin can use but Diptych does not depend on: the user installs them beside the study. */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { DiptychError } from '@diptych/plugin-kit';

interface Wanted {
  /** Name of the package. */
  readonly name: string;
  /** What to run in the study's folder. */
  readonly install: string;
}

/**
 * The exports of a package as seen from the study's folder, or else from Diptych itself.
 * Throws PLUGIN_PACKAGE_MISSING where it is in neither, or does not load.
 */
export function requireOptional<T>({ name, install }: Wanted, baseFolder: string): T {
  const here = createRequire(import.meta.url);
  const found = [createRequire(join(baseFolder, 'study.yaml')), here].find((from) => resolves(from, name));
  if (!found) {
    throw new DiptychError(
      'PLUGIN_PACKAGE_MISSING',
      `Expected the npm package ${name}, it is not installed. Run \`${install}\` in the folder of the study.`,
    );
  }
  try {
    return found(name) as T;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new DiptychError(
      'PLUGIN_PACKAGE_MISSING',
      `Expected the npm package ${name} to load, got: ${reason.slice(0, 1000)}. Run \`${install}\` in the folder of the study.`,
      { cause },
    );
  }
}

function resolves(from: NodeJS.Require, name: string): boolean {
  try {
    from.resolve(name);
    return true;
  } catch {
    // "Not installed here" is the answer, not a fault.
    return false;
  }
}
