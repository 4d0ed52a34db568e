// Builds the addon in release mode and copies it to artifacts/, where the native backend looks for it.
// Plain Node 20 or later, no dependencies. Honours CARGO_TARGET_DIR.
import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, renameSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = dirname(fileURLToPath(import.meta.url));
const manifest = join(folder, 'Cargo.toml');
execFileSync('cargo', ['build', '--release', '--locked', '--manifest-path', manifest, '--package', 'diptych-addon'], {
  stdio: 'inherit',
});

const library = { win32: 'diptych_addon.dll', darwin: 'libdiptych_addon.dylib' }[process.platform] ?? 'libdiptych_addon.so';
const target = resolve(process.env.CARGO_TARGET_DIR ?? join(folder, 'target'));
const artifact = join(folder, 'artifacts', `diptych-kernels.${process.platform}-${process.arch}.node`);
mkdirSync(dirname(artifact), { recursive: true });
// Through a rename: a process that has the old library loaded keeps it.
const temporary = `${artifact}.${process.pid}.tmp`;
copyFileSync(join(target, 'release', library), temporary);
chmodSync(temporary, 0o755);
renameSync(temporary, artifact);
console.log(artifact);
