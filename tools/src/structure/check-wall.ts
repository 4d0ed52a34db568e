/**
 * The wall inside core. Collection makes records; reporting reads them. Neither imports the other, so that a report follows
 * from the records alone and a run needs no statistics. What both need lies in folders of neither side, the ground.
 */
import { posix } from 'node:path';
import type { Problem } from './problem.ts';
import { isTestFile, type SourceFile } from './source-files.ts';

const core = 'packages/core/src/';

/** Folders of core by side, in the order in which they may import: a side imports itself and those before it. */
const sides = {
  ground: ['files', 'images', 'metrics', 'records', 'text'],
  collection: ['journal', 'labels', 'merge', 'pacing', 'plan', 'plugins', 'run', 'store', 'study', 'weights'],
  analysis: ['analysis'],
  reporting: ['report', 'compare'],
} as const;
type Side = keyof typeof sides;

const mayImport: Readonly<Record<Side, readonly Side[]>> = {
  ground: ['ground'],
  collection: ['ground', 'collection'],
  analysis: ['ground', 'analysis'],
  reporting: ['ground', 'analysis', 'reporting'],
};

/** The side of a file; none for entries such as `index.ts` and for helpers of tests, which join both sides. */
function sideOf(path: string): Side | undefined {
  if (!path.startsWith(core)) return undefined;
  const [folder] = path.slice(core.length).split('/');
  return (Object.keys(sides) as Side[]).find((side) => (sides[side] as readonly string[]).includes(folder!));
}

/** Imports of types count too: a type from across the wall ties the sides together as a function does. */
export function checkWall(files: readonly SourceFile[]): Problem[] {
  return files.flatMap((file) => {
    const from = sideOf(file.path);
    if (from === undefined || isTestFile(file.path)) return [];
    return file.imports.flatMap(({ specifier, line }) => {
      const to = specifier.startsWith('.') ? sideOf(posix.join(posix.dirname(file.path), specifier)) : undefined;
      if (to === undefined || mayImport[from].includes(to)) return [];
      const message = `${from} may import ${mayImport[from].join(', ')}, not ${to} (${specifier}). Move what both need to ${sides.ground.join(', ')} of core.`;
      return [{ rule: 'core-wall', file: file.path, line, message }];
    });
  });
}
