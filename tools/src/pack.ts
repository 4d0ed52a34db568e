/**
 * `npm run pack -- FOLDER`: the workspace as npm packages, ready to install or publish. `--addons FOLDER` adds the packages of
 * the addons in it, which were built on other machines.
 */
import { parseArgs } from 'node:util';
import { packWorkspace } from './pack/pack-workspace.ts';

const { values, positionals } = parseArgs({ options: { addons: { type: 'string' } }, allowPositionals: true });
const [folder] = positionals;
if (folder === undefined || positionals.length > 1) {
  console.error(
    `Expected one folder for the packages, received ${positionals.length === 0 ? 'none' : positionals.join(' ')}.`,
  );
  process.exitCode = 2;
} else {
  const packed = await packWorkspace(folder, values);
  console.log(packed.join('\n'));
}
