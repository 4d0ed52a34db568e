// Builds the Rust addon of packages/gpu-kernels with @napi-rs/cli when its sources changed:
// `node tools/build-native.mjs [--force]`; the set-up calls it too. Without cargo, without @napi-rs/cli, or when the
// build fails, Diptych runs on WebGPU or the reference backend, and this says so.
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { delimiter, dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { hashFiles, listFiles, readStamp, sha256, writeStamp } from './setup/stamp.mjs';
import { exists, runQuietly, say, step } from './setup/steps.mjs';

const packageOf = (root) => join(root, 'packages/gpu-kernels');
/** Where the build puts the addon, the loader and its types; the stamp lies beside them. */
const outputOf = (root) => join(packageOf(root), 'native/addon');
const readJson = (path) => JSON.parse(readFileSync(path, 'utf8'));

const isAddon = (file) => file.endsWith('.node');
/** napi-rs writes these beside the addon; they are committed, because the types are needed where there is no cargo. */
const isGenerated = (file) => /loader\.gen\.(cjs|d\.cts)$/.test(file);

/** The addons in `folder`, of any platform. */
export const listAddons = (folder) => listFiles(folder, ['src']).filter(isAddon);

/** Digest of everything that the addon is built from, for this platform. */
function sourceDigest(root) {
  const folder = join(packageOf(root), 'native');
  const sources = listFiles(folder, ['target', '.stamp']).filter((file) => !isAddon(file) && !isGenerated(file));
  const { version, scripts, napi } = readJson(join(packageOf(root), 'package.json'));
  const cli = readJson(join(root, 'package.json')).devDependencies['@napi-rs/cli'];
  const settings = sha256(JSON.stringify([version, scripts['build:native'], napi, cli]));
  return `${process.platform}-${process.arch} ${hashFiles(folder, sources)} ${settings}`;
}

/** Digest of the addon's name and of what napi-rs generated: an edit of either by hand, or its loss, shows. */
function outputDigest(folder) {
  const files = existsSync(folder) ? readdirSync(folder).sort() : [];
  return `${hashFiles(
    folder,
    files.filter(isGenerated).map((file) => join(folder, file)),
  )} ${files.filter(isAddon).join(' ')}`;
}

/** The stamp says what was built and what came out; both must still be so. */
function isFresh(folder, digest) {
  const [built, output] = (readStamp(join(folder, '.stamp')) ?? '').split('\n');
  return built === digest && output === outputDigest(folder) && listAddons(folder).length > 0;
}

/** An addon of older sources would answer for the new ones. */
function removeAddons(folder) {
  for (const file of listAddons(folder)) rmSync(file);
}

function environmentOf(root) {
  const path = Object.keys(process.env).find((key) => key.toUpperCase() === 'PATH') ?? 'PATH';
  return { ...process.env, [path]: [join(root, 'node_modules/.bin'), process.env[path]].join(delimiter) };
}

function build(root, environment) {
  const { scripts } = readJson(join(packageOf(root), 'package.json'));
  runQuietly(scripts['build:native'], [], { cwd: packageOf(root), env: environment, shell: true });
  const folder = outputOf(root);
  if (listAddons(folder).length === 0)
    throw new Error(`Expected \`${scripts['build:native']}\` to write a .node file to ${folder}.`);
}

/** Why the addon cannot be built here, or undefined. */
function whatIsMissing(root) {
  if (!exists('cargo')) return ['no-cargo', 'cargo not found', 'Install Rust (rustup, or the package cargo)'];
  if (existsSync(join(root, 'node_modules/@napi-rs/cli'))) return undefined;
  return ['no-cli', 'the npm package @napi-rs/cli is not installed', 'Install it (`npm ci` with devDependencies)'];
}

/**
 * Never throws for a failed build.
 * @returns {'absent' | 'fresh' | 'built' | 'no-cargo' | 'no-cli' | 'failed'} `absent` where there is no crate
 */
export function buildNative(root, { environment = environmentOf(root), force = false } = {}) {
  const folder = outputOf(root);
  if (!existsSync(join(folder, 'Cargo.toml'))) return 'absent';
  const digest = sourceDigest(root);
  if (!force && isFresh(folder, digest)) return 'fresh';
  const missing = whatIsMissing(root);
  if (missing !== undefined) {
    const [outcome, reason, cure] = missing;
    // One that was not built here, and so has no stamp, may be what somebody brought along.
    const built = readStamp(join(folder, '.stamp'));
    if (built !== undefined && !built.startsWith(`${digest}\n`)) removeAddons(folder);
    say(`${reason}, so the native backend is not built; Diptych runs on WebGPU or the reference backend.`);
    say(`${cure} and run \`npm run build:native\` to have it.`);
    return outcome;
  }
  try {
    removeAddons(folder);
    step('native backend built', () => build(root, environment));
    writeStamp(join(folder, '.stamp'), `${digest}\n${outputDigest(folder)}`);
    return 'built';
  } catch (error) {
    say('THE NATIVE BACKEND DID NOT BUILD. Diptych runs on WebGPU or the reference backend. The reason:');
    process.stderr.write(`${error.message}\n`);
    return 'failed';
  }
}

if (process.argv[1] && import.meta.url === pathToFileURL(resolve(process.argv[1])).href) {
  const root = join(dirname(fileURLToPath(import.meta.url)), '..');
  const outcome = buildNative(root, { force: process.argv.includes('--force') });
  if (outcome === 'absent') say('there is no crate at packages/gpu-kernels/native/addon');
  if (outcome === 'fresh') say('the native backend is up to date');
  process.exitCode = ['failed', 'no-cargo', 'no-cli'].includes(outcome) ? 1 : 0;
}
