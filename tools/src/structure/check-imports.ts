/** Rules on single import specifiers: layers, npm packages, reserved packages, relative paths. */
import { existsSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { dirname, join, posix } from 'node:path';
import { kindFolders } from '../generate/plugin-files.ts';
import { forbiddenArrow, layerOf, layers, type Project } from './layers.ts';
import type { Problem } from './problem.ts';
import { type Import, packageOf } from './scan-imports.ts';
import { isTestFile, type SourceFile } from './source-files.ts';

/** Packages that one folder alone may import, with the reason. */
const reserved: Readonly<Record<string, { readonly folder: string; readonly reason: string }>> = {
  sharp: { folder: 'packages/core/src/images/', reason: 'decoding happens in one place' },
  webgpu: { folder: 'packages/gpu-kernels/src/backends/webgpu/', reason: 'one backend owns Dawn' },
};

const extensions = /\.(?:ts|tsx|mjs|cjs|js|json|css|wgsl|svg|html)$/;

export interface ImportRules {
  readonly root: string;
  readonly projects: readonly Project[];
}

export function checkImports(files: readonly SourceFile[], rules: ImportRules): Problem[] {
  const declared = new Map(rules.projects.map((project) => [project.name, declaredPackages(rules.root, project)]));
  return files.flatMap((file) =>
    file.imports.flatMap((imported) => {
      const found = checkImport(file, imported, rules, declared.get(file.project.name) ?? new Set());
      return found.map(([rule, message]) => ({ rule, file: file.path, line: imported.line, message }));
    }),
  );
}

type Finding = readonly [rule: string, message: string];

function checkImport(file: SourceFile, imported: Import, rules: ImportRules, declared: ReadonlySet<string>): Finding[] {
  const { specifier } = imported;
  if (specifier.startsWith('.')) return checkRelative(file, specifier, rules.root);
  if (isBuiltin(specifier)) {
    return specifier.startsWith('node:') ? [] : [['node-prefix', `Write node:${specifier} instead of ${specifier}.`]];
  }
  const name = packageOf(specifier);
  const target = rules.projects.find((project) => project.name === name);
  if (target) {
    const reason = forbiddenArrow(file.project, target, { isTest: isTesting(file) });
    if (reason !== undefined) return [['layer-arrow', reason]];
    return target.name === file.project.name || declared.has(name) ? [] : [undeclared(file, name)];
  }
  return checkPackage(file, name, declared);
}

function checkRelative(file: SourceFile, specifier: string, root: string): Finding[] {
  const path = specifier.replace(/\?.*$/, '');
  const target = posix.join(posix.dirname(file.path), path);
  if (!target.startsWith(`${file.project.root}/`)) {
    return [['leaves-project', `${specifier} leaves ${file.project.root}. Import the public entry of the other project.`]];
  }
  if (!extensions.test(path))
    return [['explicit-extension', `${specifier} has no file extension. Write it out, such as .ts.`]];
  // Generated and built files may be absent in a fresh clone.
  if (!/\.gen\.|\/dist\//.test(target) && !existsSync(join(root, target))) {
    return [['missing-file', `${specifier} does not exist. Correct the path.`]];
  }
  return checkPluginPath(file, specifier, target);
}

const pluginSource = 'packages/plugins/src/';
const isPluginFolder = (name: string | undefined): boolean => name !== undefined && name in kindFolders;

/** A plugin may import its own folder (or files that carry its own name) and what is no plugin, never another plugin. */
function checkPluginPath(file: SourceFile, specifier: string, target: string): Finding[] {
  if (!file.path.startsWith(pluginSource) || !target.startsWith(pluginSource)) return [];
  const [kind, own, ...deeper] = file.path.slice(pluginSource.length).split('/');
  const [targetKind, targetName] = target.slice(pluginSource.length).split('/');
  if (own === undefined || !isPluginFolder(kind) || !isPluginFolder(targetKind)) return [];
  const isFolder = deeper.length > 0;
  const isOwn = isFolder ? targetName === own : targetName?.split('.')[0] === own.split('.')[0];
  if (targetKind === kind && isOwn) return [];
  return [
    ['plugin-imports-plugin', `${specifier} belongs to another plugin. Move what both need to packages/plugins/src/shared.`],
  ];
}

/** Tests, their cases and the folders of helpers for them. */
const isTesting = (file: SourceFile): boolean => isTestFile(file.path) || file.inProject.startsWith('src/testing/');

function checkPackage(file: SourceFile, name: string, declared: ReadonlySet<string>): Finding[] {
  const layer = layerOf(file.project);
  // Benchmarks and goldens compare with other people's code by design; they ship nowhere.
  if (layer === undefined || /^(?:bench|goldens)\//.test(file.inProject)) return [];
  const only = reserved[name];
  if (only && !file.path.startsWith(only.folder)) {
    return [['reserved-package', `Only ${only.folder} may import ${name}: ${only.reason}. Use its exports.`]];
  }
  const isTest = isTesting(file) || file.path.endsWith('.config.ts');
  if (isTest && (name === 'vitest' || declared.has(name))) return [];
  const allowed = layers[layer].packages;
  if (allowed === 'declared') return declared.has(name) ? [] : [undeclared(file, name)];
  if (allowed.includes(name)) return [];
  return [
    [
      'package-not-allowed',
      `layer:${layer} may import ${allowed.join(', ')}, not ${name}. Say why in a decision record to change this.`,
    ],
  ];
}

const undeclared = (file: SourceFile, name: string): Finding => [
  'undeclared-package',
  `${name} is not in ${file.project.root}/package.json. Add it there.`,
];

/** Names in the dependency tables of the project and of the workspace root, whose tools every project may use. */
function declaredPackages(root: string, project: Project): ReadonlySet<string> {
  const files = [join(root, project.root, 'package.json'), join(root, 'package.json')];
  return new Set(
    files
      .filter((path) => existsSync(path))
      .flatMap((path) => {
        const manifest = JSON.parse(readFileSync(path, 'utf8')) as Record<string, object | undefined>;
        return ['dependencies', 'devDependencies', 'peerDependencies', 'optionalDependencies'].flatMap((table) =>
          Object.keys(manifest[table] ?? {}),
        );
      }),
  );
}

/** Value imports between files of one project, as paths. */
export function importsWithinProject(file: SourceFile): string[] {
  return file.imports
    .filter(({ isType, specifier }) => !isType && specifier.startsWith('.'))
    .map(({ specifier }) => posix.join(dirname(file.path).replaceAll('\\', '/'), specifier.replace(/\?.*$/, '')));
}
