// Puts the addon that build.mjs built into an npm package for this platform, in the layout of napi-rs: one package a
// platform, named by target, which npm installs only where `os`, `cpu` and `libc` fit. Plain Node 20 or later, no
// dependencies. `node package.mjs [folder]`; prints the folder, ready for `npm pack` or `npm publish`.
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const native = dirname(fileURLToPath(import.meta.url));
const { version, license, engines } = JSON.parse(readFileSync(join(native, '../package.json'), 'utf8'));
const { platform, arch } = process;
const libc = platform !== 'linux' ? undefined : process.report.getReport().header.glibcVersionRuntime ? 'glibc' : 'musl';
const abi = { linux: libc === 'glibc' ? 'gnu' : 'musl', win32: 'msvc' }[platform];
const target = [platform, arch, abi].filter(Boolean).join('-');
const folder = resolve(process.argv[2] ?? join(native, 'artifacts/npm', target));
const main = `diptych-kernels.${target}.node`;

mkdirSync(folder, { recursive: true });
copyFileSync(join(native, 'artifacts', `diptych-kernels.${platform}-${arch}.node`), join(folder, main));
const manifest = {
  name: `@diptych/gpu-kernels-${target}`,
  version,
  description: `The native backend of @diptych/gpu-kernels for ${target}.`,
  license,
  engines,
  main,
  files: [main],
  os: [platform],
  cpu: [arch],
  ...(libc && { libc: [libc] }),
};
writeFileSync(join(folder, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
writeFileSync(join(folder, 'README.md'), `# ${manifest.name}\n\n${manifest.description}\n`);
console.log(folder);
