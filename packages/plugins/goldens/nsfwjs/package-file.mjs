/** Runs one of the package's UMD modules in an empty realm and returns its export. Only golden and generator scripts do this. */
import { readFileSync } from 'node:fs';
import { runInNewContext } from 'node:vm';

export function loadModule(path) {
  const module = { exports: {} };
  runInNewContext(readFileSync(path, 'utf8'), { module, exports: module.exports });
  // Through JSON, because values of another realm fail `instanceof Array`.
  return JSON.parse(JSON.stringify(module.exports));
}
