import { readFile } from 'node:fs/promises';
import { createRequire, findPackageJSON } from 'node:module';
import { dirname, isAbsolute, join, relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { apiVersion, DiptychError, type Plugin, type PluginKind, pluginKinds, pluginOfCard } from '@diptych/plugin-kit';
import { readRegular } from '../files/regular-file.ts';
import { sha256Hex } from '../text/canonical-json.ts';
import { describeError } from '../text/describe-error.ts';
import { didYouMean } from '../text/nearest-name.ts';
import { diptychVersion } from '../version.ts';
import { importCure } from './import-cure.ts';

/** Built-in plugins by `kind/name`. Nothing is imported before it is used. */
export type PluginRegistry = Readonly<Record<string, () => Promise<{ readonly default: unknown }>>>;

export interface FoundPlugin {
  readonly plugin: Plugin & Record<string, unknown>;
  /** `built-in`, a module name, or a path relative to the study. */
  readonly module: string;
  /** Version of the package, or `sha256:` and the digest of a single file. */
  readonly packageVersion: string;
}

/**
 * Finds the plugin that a study's `use` names, for the kind that its place in the study implies: `kind/name` or `name`
 * of a built-in, a path starting with `./`, `../` or `/` from the study's folder, or else a module name. A path that ends
 * in `.yaml` or `.yml` is a card, which names the plugin that does the work.
 */
export async function resolvePlugin(
  kind: PluginKind,
  use: string,
  baseFolder: string,
  registry: PluginRegistry,
): Promise<FoundPlugin> {
  const builtIn = registry[use.startsWith(`${kind}/`) ? use : `${kind}/${use}`];
  if (builtIn)
    return { plugin: checkPlugin(kind, use, (await builtIn()).default), module: 'built-in', packageVersion: diptychVersion };
  const prefix = pluginKinds.find((name) => use.startsWith(`${name}/`));
  if (prefix) throw notFound(kind, use, registry, prefix === kind ? '' : ` A ${kind} is expected here, not a ${prefix}.`);
  if (/^\.{1,2}\//.test(use) || isAbsolute(use)) {
    return /\.ya?ml$/.test(use) ? fromCard(kind, use, baseFolder, registry) : fromPath(kind, use, baseFolder);
  }
  return fromModule(kind, use, baseFolder, registry);
}

function notFound(kind: PluginKind, use: string, registry: PluginRegistry, hint = '', cause?: unknown): DiptychError {
  const names = Object.keys(registry)
    .filter((name) => name.startsWith(`${kind}/`))
    .map((name) => name.slice(kind.length + 1));
  const known = names.length > 0 ? ` Built in: ${names.sort().join(', ')}.` : '';
  return new DiptychError(
    'PLUGIN_NOT_FOUND',
    `Expected ${kind} ${JSON.stringify(use)} to be built in or importable, found neither.${hint}${didYouMean(use, names)}${known} Correct the name, or give a path that starts with ./.`,
    { cause },
  );
}

/** Guards against modules that export something else, or a plugin of a later contract. */
function checkPlugin(kind: PluginKind, use: string, value: unknown): FoundPlugin['plugin'] {
  const fault = (got: string): DiptychError =>
    new DiptychError(
      'PLUGIN_INVALID',
      `Expected the default export of ${use} to be a ${kind} of API version ${apiVersion}, got ${got}. Export the result of its define function.`,
    );
  if (typeof value !== 'object' || value === null) throw fault(value === undefined ? 'no default export' : typeof value);
  const plugin = value as FoundPlugin['plugin'];
  if (plugin.kind !== kind) throw fault(`kind ${JSON.stringify(plugin.kind)}`);
  if (plugin.apiVersion !== apiVersion) throw fault(`API version ${JSON.stringify(plugin.apiVersion)}`);
  if (typeof plugin.name !== 'string' || typeof plugin.create !== 'function') throw fault('one without `name` or `create`');
  if (typeof (plugin.options as { safeParse?: unknown } | undefined)?.safeParse !== 'function')
    throw fault('one whose `options` is no zod schema');
  return plugin;
}

async function importPlugin(kind: PluginKind, use: string, file: string): Promise<FoundPlugin['plugin']> {
  let module: { default?: unknown };
  try {
    module = (await import(pathToFileURL(file).href)) as { default?: unknown };
  } catch (cause) {
    throw new DiptychError(
      'PLUGIN_INVALID',
      `Expected ${use} to import, got: ${describeError(cause)}. ${importCure(cause, dirname(file))}`,
      { cause },
    );
  }
  return checkPlugin(kind, use, module.default);
}

const readSource = (kind: PluginKind, use: string, file: string): Promise<Buffer> =>
  readRegular(file).catch((cause: unknown) => {
    throw new DiptychError(
      'PLUGIN_NOT_FOUND',
      `Expected a ${kind} at ${use}, relative to the study: ${describeError(cause)}. Check the path.`,
      { cause },
    );
  });

async function fromPath(kind: PluginKind, use: string, baseFolder: string): Promise<FoundPlugin> {
  const file = resolve(baseFolder, use);
  const source = await readSource(kind, use, file);
  const plugin = await importPlugin(kind, use, file);
  return { plugin, module: `./${relative(baseFolder, file)}`, packageVersion: `sha256:${sha256Hex(source)}` };
}

async function fromCard(kind: PluginKind, use: string, baseFolder: string, registry: PluginRegistry): Promise<FoundPlugin> {
  const file = resolve(baseFolder, use);
  const source = await readSource(kind, use, file);
  const { readCard } = await import('./read-card.ts'); // it brings YAML
  const card = readCard(source, { kind, use, file, baseFolder });
  const { plugin, packageVersion } = await resolvePlugin(kind, card.use, dirname(file), registry);
  return {
    plugin: pluginOfCard(plugin, card),
    module: `./${relative(baseFolder, file)}`,
    packageVersion: `sha256:${sha256Hex(source)} over ${packageVersion}`,
  };
}

async function fromModule(
  kind: PluginKind,
  use: string,
  baseFolder: string,
  registry: PluginRegistry,
): Promise<FoundPlugin> {
  const anchor = join(baseFolder, 'study.yaml');
  const manifestPath = findPackage(use, anchor);
  if (!manifestPath) throw notFound(kind, use, registry);
  const manifest = JSON.parse(await readFile(manifestPath, 'utf8')) as PackageManifest;
  const file = entryOf(use, anchor, manifestPath, manifest);
  return { plugin: await importPlugin(kind, use, file), module: use, packageVersion: manifest.version ?? 'unknown' };
}

/** Path of the package.json of an installed package as seen from `anchor`, or undefined where it is not installed. */
export function findPackage(specifier: string, anchor: string): string | undefined {
  try {
    return findPackageJSON(specifier, pathToFileURL(anchor));
  } catch {
    // Node throws for what it cannot resolve; "not installed" is the answer, not a fault.
    return undefined;
  }
}

interface PackageManifest {
  readonly name?: string;
  readonly version?: string;
  readonly main?: string;
  readonly exports?: unknown;
}

function entryOf(use: string, anchor: string, manifestPath: string, manifest: PackageManifest): string {
  try {
    return createRequire(anchor).resolve(use);
  } catch {
    // Packages that export for `import` only cannot be resolved by require; their own manifest then says the entry.
    const target = importTarget(manifest.exports) ?? manifest.main ?? 'index.js';
    return join(dirname(manifestPath), target);
  }
}

function importTarget(exports: unknown): string | undefined {
  if (typeof exports === 'string') return exports;
  if (typeof exports !== 'object' || exports === null) return undefined;
  const conditions = exports as Record<string, unknown>;
  return importTarget(conditions['.'] ?? conditions.import ?? conditions.node ?? conditions.default);
}
