/**
 * Packs what the GPU benchmarks need beyond a checkout, for a Linux machine with a GPU and without a network, npm or Node:
 * `runtime.tar.xz` has Node, Dawn, sharp, the addon and the packages of the workspace, `rival.tar.xz` onnxruntime-node, where it
 * is installed in apps/cli/bench. `gpu-offline.sh` beside this unpacks and runs them. A Vulkan loader that the machine lacks can
 * be put into the folder as .deb files.
 *
 *   node apps/cli/bench/gpu-bundle.ts FOLDER [runtime|rival]
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { copyFile, cp, lstat, mkdir, mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../..', import.meta.url));
const platform = `${process.platform}-${process.arch}`;
const [folder, only] = process.argv.slice(2);
if (folder === undefined) throw new Error('Expected a folder for the bundle: node apps/cli/bench/gpu-bundle.ts FOLDER.');

/** Tables of tokens, 30 MB that no benchmark of the GPU reads. */
const without = new Set(['gpt-tokenizer']);
/** What packages carry for other platforms, or for people: neither is needed there. */
const skipped = [/\.(md|map|d\.ts|d\.mts|d\.cts)$/i, /\/(test|tests|docs|examples)$/];
function isNeeded(path: string): boolean {
  const other = /\/(webgpu\/dist|napi-v\d+)\/((darwin|linux|win32)[^/]*)(\/(arm64|x64))?/.exec(path);
  if (other !== null) {
    const [, , name, , , processor] = other;
    const isHere = name === process.platform || name === platform;
    if (!isHere || (processor !== undefined && processor !== process.arch)) return false;
  }
  return !skipped.some((pattern) => pattern.test(path));
}

/** Packages that these need, found as Node finds them from `base`; optional ones where they are installed. */
async function withDependencies(names: readonly string[], base: string): Promise<Set<string>> {
  const found = new Set<string>();
  const visit = async (name: string): Promise<void> => {
    const path = join(base, 'node_modules', name, 'package.json');
    if (found.has(name) || without.has(name) || !existsSync(path)) return;
    found.add(name);
    const { dependencies = {}, optionalDependencies = {} } = JSON.parse(await readFile(path, 'utf8'));
    for (const other of Object.keys({ ...dependencies, ...optionalDependencies })) await visit(other);
  };
  for (const name of names) await visit(name);
  return found;
}

async function copyPackages(names: Iterable<string>, base: string, to: string): Promise<void> {
  for (const name of names) {
    const [from, target] = [join(base, 'node_modules', name), join(to, relative(root, base), 'node_modules', name)];
    if ((await lstat(from)).isSymbolicLink()) continue; // packages of the workspace are linked there
    await cp(from, target, { recursive: true, filter: (path) => isNeeded(path) });
  }
}

/** Node without its symbols, which are an eighth of it. */
async function copyNode(to: string): Promise<void> {
  const target = join(to, 'node_modules/node-runtime/bin/node');
  await mkdir(dirname(target), { recursive: true });
  await copyFile(process.execPath, target);
  await run('strip', ['-s', target]).catch(() => undefined); // smaller where binutils is there, the same otherwise
}

async function copyAddon(to: string): Promise<void> {
  const folder = 'packages/gpu-kernels/native/addon';
  const addons = (await readdir(join(root, folder))).filter((name) => name.endsWith('.node'));
  if (addons.length === 0) throw new Error('Expected the native addon, which says what is equal: run npm run build:native.');
  await mkdir(join(to, folder), { recursive: true });
  for (const name of addons) await copyFile(join(root, folder, name), join(to, folder, name));
}

async function pack(name: string, fill: (to: string) => Promise<void>): Promise<void> {
  if (only !== undefined && only !== name) return;
  const staging = await mkdtemp(join(tmpdir(), 'diptych-bundle-'));
  try {
    await fill(staging);
    const file = join(folder!, `${name}.tar.xz`);
    await run('tar', ['-C', staging, '-cJf', file, '.'], { env: { ...process.env, XZ_OPT: '-6 -T0' } });
    console.log(`${file}: ${((await stat(file)).size / 2 ** 20).toFixed(1)} MiB`);
  } finally {
    await rm(staging, { recursive: true });
  }
}

await mkdir(folder, { recursive: true });
await pack('runtime', async (to) => {
  const manifests = ['packages/core', 'packages/plugin-kit', 'packages/gpu-kernels'].map((path) => readFile(join(root, path, 'package.json'), 'utf8')); // biome-ignore format: one list
  const names = (await Promise.all(manifests)).flatMap((text) => Object.keys(JSON.parse(text).dependencies ?? {}));
  await copyPackages(await withDependencies(names, root), root, to);
  await copyNode(to);
  await copyAddon(to);
});
const bench = join(root, 'apps/cli/bench');
if (existsSync(join(bench, 'node_modules/onnxruntime-node'))) {
  await pack('rival', async (to) => {
    // What its installer uses is not needed to run it.
    const names = ['onnxruntime-node', 'onnxruntime-common'];
    await copyPackages(names, bench, to);
  });
} else console.log('No rival.tar.xz: onnxruntime-node is not installed in apps/cli/bench.');
