/**
 * `npm run pack -- FOLDER`: the workspace as npm packages, ready to install or publish. `--targets linux-x64-gnu,linux-arm64-gnu` names
 * the platforms whose addons were packed too, each on a machine of its own.
 */
import { parseArgs } from 'node:util';
import { packWorkspace } from './pack/pack-workspace.ts';

const { values, positionals } = parseArgs({ options: { targets: { type: 'string' } }, allowPositionals: true });
const [folder] = positionals;
if (folder === undefined || positionals.length > 1) {
  console.error(
    `Expected one folder for the packages, received ${positionals.length === 0 ? 'none' : positionals.join(' ')}.`,
  );
  process.exitCode = 2;
} else {
  const packed = await packWorkspace(folder, values.targets === undefined ? {} : { targets: values.targets.split(',') });
  console.log(packed.join('\n'));
}
