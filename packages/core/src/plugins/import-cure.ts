import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { systemCode } from '../text/describe-error.ts';

/** What to do about a plugin file in `folder` that could not be imported. */
export function importCure(cause: unknown, folder: string): string {
  const [, missing] = /Cannot find package '([^']+)'/.exec(cause instanceof Error ? cause.message : '') ?? [];
  if (missing === undefined || systemCode(cause) !== 'ERR_MODULE_NOT_FOUND') return 'Correct the module.';
  const ours = ourPackages(missing);
  return ours === undefined
    ? `Install ${missing} in ${folder} or a folder above it.`
    : `Let ${folder} see the packages of Diptych: \`ln -s ${ours} ${join(folder, 'node_modules')}\`, or move the file to a folder below ${join(ours, '..')}.`;
}

/** The `node_modules` that Diptych itself has the package from; undefined where it has none. */
function ourPackages(name: string): string | undefined {
  const folders = createRequire(import.meta.url).resolve.paths(name) ?? [];
  return folders.find((folder) => existsSync(join(folder, name)));
}
