/** The built-in plugins, found by where their files lie. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Folder of packages/plugins/src → plugin kind. */
export const kindFolders = {
  'authentic-sets': 'authentic-set',
  detectors: 'detector',
  generators: 'generator',
  'prompt-sets': 'prompt-set',
  'prompt-raters': 'prompt-rater',
  rewriters: 'rewriter',
  'safety-judges': 'safety-judge',
} as const;

export type BuiltInKind = (typeof kindFolders)[keyof typeof kindFolders];

export interface PluginFile {
  readonly kind: BuiltInKind;
  readonly name: string;
  /** Relative to the repository root. */
  readonly file: string;
}

const sourceFolder = 'packages/plugins/src';

/** Sorted by kind, then name. A plugin is `<name>.ts`, a card `<name>.yaml`, or a folder `<name>/` with an index.ts. */
export function listPlugins(root: string): PluginFile[] {
  return Object.entries(kindFolders).flatMap(([folder, kind]) => {
    const path = join(root, sourceFolder, folder);
    if (!existsSync(path)) return [];
    const entries = readdirSync(path, { withFileTypes: true }).toSorted((a, b) => (a.name < b.name ? -1 : 1));
    return entries.flatMap((entry): PluginFile[] => {
      const base = `${sourceFolder}/${folder}/${entry.name}`;
      if (entry.isDirectory()) {
        return existsSync(join(path, entry.name, 'index.ts')) ? [{ kind, name: entry.name, file: `${base}/index.ts` }] : [];
      }
      // A second dot marks what belongs to a plugin: x.test.ts, x.gen.ts, x.cases.ts.
      const match = /^([a-z0-9-]+)\.(?:ts|yaml)$/.exec(entry.name);
      return match?.[1] ? [{ kind, name: match[1], file: base }] : [];
    });
  });
}
