// Builds the Rust addon of packages/gpu-kernels when its sources changed. `node tools/build-native.mjs [--force]`;
// the set-up calls it too. Without cargo, or when the build fails, Diptych runs on WebGPU or the reference
// backend, and this says so.
import { existsSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { hashFiles, listFiles, readStamp, writeStamp } from './setup/stamp.mjs';
import { exists, runQuietly, say, step } from './setup/steps.mjs';

const folderOf = (root) => join(root, 'packages/gpu-kernels/native');
const stampOf = (folder) => join(folder, 'artifacts/.stamp');

/** Digest of everything that the addon is built from, for this platform. */
function sourceDigest(folder) {
  const files = listFiles(folder, ['target', 'artifacts', 'node_modules']);
  return `${process.platform}-${process.arch} ${hashFiles(folder, files)}`;
}

/** The stamp says what was built and where it lies; both must still be so. */
export function isFresh(folder, digest) {
  const [built, artifact] = (readStamp(stampOf(folder)) ?? '').split('\n');
  return built === digest && artifact !== undefined && existsSync(join(folder, artifact));
}

/** Returns 'absent' (no crate), 'fresh', 'built', 'no-cargo' or 'failed'. Never throws for a failed build. */
export function buildNative(root, { force = false } = {}) {
  const folder = folderOf(root);
  const script = join(folder, 'build.mjs');
  if (!existsSync(script)) return 'absent';
  const digest = sourceDigest(folder);
  if (!force && isFresh(folder, digest)) return 'fresh';
  if (!exists('cargo')) {
    say('cargo not found, so the native backend is not built; Diptych runs on WebGPU or the reference backend.');
    say('Install Rust (rustup, or the package cargo) and run `npm run build:native` to have it.');
    return 'no-cargo';
  }
  try {
    const output = step('native backend built', () => runQuietly(process.execPath, [script], { cwd: folder }));
    // The script prints the path of the artifact on its last line.
    const artifact = relative(folder, output.trim().split('\n').at(-1));
    if (!existsSync(join(folder, artifact))) throw new Error(`Expected ${script} to print the path of the addon.`);
    writeStamp(stampOf(folder), `${digest}\n${artifact}`);
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
  if (outcome === 'absent') say('there is no crate at packages/gpu-kernels/native');
  if (outcome === 'fresh') say('the native backend is up to date');
  process.exitCode = outcome === 'failed' || outcome === 'no-cargo' ? 1 : 0;
}
