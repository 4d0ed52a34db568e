// Builds the Rust addon of packages/gpu-kernels and puts it where the native backend looks for it.
// `node tools/build-native.mjs [--force]`; the set-up calls it too. Without cargo, or when the build
// fails, Diptych runs on WebGPU or the reference backend, and this says so.
import { chmodSync, copyFileSync, existsSync, mkdirSync, renameSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { hashFiles, listFiles, readStamp, writeStamp } from './setup/stamp.mjs';
import { exists, runQuietly, say, step } from './setup/steps.mjs';

/** `diptych-kernels.linux-x64-gnu.node`, as the native backend computes it too. */
export function addonFileName(platform = process.platform, arch = process.arch, isMusl = usesMusl()) {
  const abi = { linux: isMusl ? '-musl' : '-gnu', win32: '-msvc' }[platform] ?? '';
  return `diptych-kernels.${platform}-${arch}${abi}.node`;
}

function usesMusl() {
  return process.platform === 'linux' && !process.report.getReport().header.glibcVersionRuntime;
}

/** The workspace member that is a dynamic library: its name, and where cargo leaves the library. */
export function findAddon(metadata, platform = process.platform) {
  for (const { name, targets } of metadata.packages) {
    const target = targets.find(({ crate_types }) => crate_types.includes('cdylib'));
    if (!target) continue;
    const stem = target.name.replaceAll('-', '_');
    const file = { win32: `${stem}.dll`, darwin: `lib${stem}.dylib` }[platform] ?? `lib${stem}.so`;
    return { name, library: join(metadata.target_directory, 'release', file) };
  }
  throw new Error('Expected one crate of packages/gpu-kernels/native to have crate-type cdylib, found none.');
}

function compile(folder, destination) {
  const manifest = ['--manifest-path', join(folder, 'Cargo.toml')];
  const locked = existsSync(join(folder, 'Cargo.lock')) ? ['--locked'] : [];
  const metadata = runQuietly('cargo', ['metadata', '--format-version', '1', '--no-deps', ...manifest]);
  const addon = findAddon(JSON.parse(metadata));
  runQuietly('cargo', ['build', '--release', '--quiet', '--package', addon.name, ...manifest, ...locked]);
  mkdirSync(dirname(destination), { recursive: true });
  // Through a rename: a process that has the old library loaded keeps it.
  const temporary = `${destination}.${process.pid}.tmp`;
  copyFileSync(addon.library, temporary);
  chmodSync(temporary, 0o755);
  renameSync(temporary, destination);
}

/** Returns 'absent' (no crate), 'fresh', 'built', 'no-cargo' or 'failed'. Never throws for a failed build. */
export function buildNative(root, { force = false } = {}) {
  const folder = join(root, 'packages/gpu-kernels/native');
  if (!existsSync(join(folder, 'Cargo.toml'))) return 'absent';
  const destination = join(folder, 'artifacts', addonFileName());
  const stampPath = join(folder, 'artifacts/.stamp');
  const digest = hashFiles(folder, listFiles(folder, ['target', 'artifacts', 'node_modules']));
  if (!force && existsSync(destination) && readStamp(stampPath) === digest) return 'fresh';
  if (!exists('cargo')) {
    say('cargo not found, so the native backend is not built; Diptych runs on WebGPU or the reference backend.');
    say('Install Rust (rustup, or the package cargo) and run `npm run build:native` to have it.');
    return 'no-cargo';
  }
  try {
    step('native backend built', () => compile(folder, destination));
  } catch (error) {
    say('THE NATIVE BACKEND DID NOT BUILD. Diptych runs on WebGPU or the reference backend. The reason:');
    process.stderr.write(`${error.message}\n`);
    return 'failed';
  }
  writeStamp(stampPath, digest);
  return 'built';
}

if (process.argv[1] && import.meta.url === pathToFileURL(resolve(process.argv[1])).href) {
  const root = join(dirname(fileURLToPath(import.meta.url)), '..');
  const outcome = buildNative(root, { force: process.argv.includes('--force') });
  if (outcome === 'absent') say('there is no crate at packages/gpu-kernels/native');
  if (outcome === 'fresh') say('the native backend is up to date');
  process.exitCode = outcome === 'failed' || outcome === 'no-cargo' ? 1 : 0;
}
