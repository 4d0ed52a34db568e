/**
 * Makes npm packages of the workspace: TypeScript compiled file by file, what the code reads beside it, and the addons in a package of
 * each platform that has one. Sources stay what runs in a clone; see docs/decisions/packages-and-addon.md.
 */
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { listAddons } from '../../build-native.mjs';
import { listRepositoryFiles, repositoryRoot } from '../repository.ts';
import { runCommand } from '../test/run-command.ts';
import { type Manifest, packedManifest } from './manifest.ts';
import { stageAddons } from './platform-packages.ts';

interface PackedPackage {
  /** Folder in the repository. */
  readonly path: string;
  /** Folders and files whose content goes along unless it is TypeScript or a test. */
  readonly files: readonly string[];
  /** The code is one built file, which holds what it depends on. */
  readonly bundle?: 'dist/index.js';
}

const packages: readonly PackedPackage[] = [
  { path: 'packages/plugin-kit', files: ['src', 'schemas'] },
  {
    path: 'packages/gpu-kernels',
    files: ['src', 'README.md', 'native/addon/loader.gen.cjs', 'native/addon/loader.gen.d.cts'],
  },
  { path: 'packages/core', files: ['src'] },
  { path: 'packages/plugins', files: ['src', 'python/diptych_worker.py', 'python/workers'] },
  { path: 'apps/server', files: ['src'] },
  { path: 'apps/web', files: [], bundle: 'dist/index.js' },
  { path: 'apps/cli', files: ['src', 'bin', 'templates'] },
];

/** Without tests and what only they need; the kit's suites are for the tests of others' plugins. */
const isPublic = (path: string): boolean =>
  !/\.test\.tsx?$|\/(testing-fakes|__snapshots__)\//.test(path) &&
  (path.startsWith('packages/plugin-kit/') || !path.includes('/testing/'));

async function run(command: readonly string[]): Promise<string> {
  const { exitCode, output } = await runCommand(command);
  if (exitCode !== 0) throw new Error(`\`${command.join(' ')}\` ended with ${exitCode}:\n${output}`);
  return output;
}

const compile = (folder: string): Promise<string> =>
  run(['node', join(repositoryRoot, 'node_modules/typescript/bin/tsc'), '-p', join(import.meta.dirname, 'tsconfig.json'), '--outDir', folder]); // biome-ignore format: one command

function copy(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true });
  cpSync(from, to);
}

interface Sources {
  /** All public files of the repository. */
  readonly tracked: readonly string[];
  /** Folder that holds the whole workspace's JavaScript. */
  readonly compiled: string;
}

/** The package's folder as it is packed. */
function stage(given: PackedPackage, { tracked, compiled }: Sources, folder: string, optional: readonly string[]): void {
  const { path, files, bundle } = given;
  for (const file of tracked) {
    if (!file.startsWith(`${path}/`)) continue;
    const own = file.slice(path.length + 1);
    if (!files.some((name) => own === name || own.startsWith(`${name}/`))) continue;
    const stem = /^(.*)\.tsx?$/.exec(file)?.[1];
    if (stem === undefined) copy(join(repositoryRoot, file), join(folder, own));
    else
      for (const end of ['.js', '.d.ts']) copy(join(compiled, stem + end), join(folder, stem.slice(path.length + 1) + end));
  }
  if (bundle) copy(join(repositoryRoot, path, bundle), join(folder, bundle));
  copy(join(repositoryRoot, 'LICENSE'), join(folder, 'LICENSE'));
  const manifest = JSON.parse(readFileSync(join(repositoryRoot, path, 'package.json'), 'utf8')) as Manifest;
  const isThere = (file: string): boolean => existsSync(join(folder, file));
  const packed = packedManifest(manifest, { isBundled: bundle !== undefined, optional, isThere });
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(packed, null, 2)}\n`);
}

const kernels = join(repositoryRoot, 'packages/gpu-kernels');
const ownAddons = join(kernels, 'native/addon');
/** Whether an addon was built in this clone. */
export const hasAddon = listAddons(ownAddons).length > 0;

const nameOf = (folder: string): string => (JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest).name;

export interface PackOptions {
  /** A folder with addons that were built on other machines, beside the one of this clone. */
  readonly addons?: string | undefined;
}

function givenAddons({ addons }: PackOptions): readonly string[] {
  if (addons === undefined) return [];
  if (listAddons(addons).length > 0) return [addons];
  throw new Error(
    `Expected .node files in ${addons}, found none. Collect them with \`npm run build:native\` on each platform.`,
  );
}

/** Writes a `.tgz` for each package to `folder`, which is made; resolves to their paths. Throws with the output of what failed. */
export async function packWorkspace(folder: string, options: PackOptions = {}): Promise<readonly string[]> {
  const folders = [ownAddons, ...givenAddons(options)];
  const scratch = mkdtempSync(join(tmpdir(), 'diptych-pack-'));
  try {
    const compiled = join(scratch, 'compiled');
    await compile(compiled);
    const sources = { tracked: listRepositoryFiles(repositoryRoot).filter(isPublic), compiled };
    const addons = await stageAddons(folders, join(kernels, 'package.json'), join(scratch, 'platforms'));
    const optional = addons.map(nameOf);
    const staged = packages.map((given) => {
      const place = join(scratch, given.path);
      stage(given, sources, place, given.path === 'packages/gpu-kernels' ? optional : []);
      return place;
    });
    mkdirSync(folder, { recursive: true });
    const all = [...staged, ...addons];
    const listed = await run(['npm', 'pack', '--json', '--pack-destination', resolve(folder), ...all]);
    return (JSON.parse(listed) as { readonly filename: string }[]).map(({ filename }) => join(resolve(folder), filename));
  } finally {
    rmSync(scratch, { recursive: true });
  }
}
