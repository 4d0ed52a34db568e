/** The TypeScript files of the projects, each with its project and its imports. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Project } from './layers.ts';
import { type Import, scanImports } from './scan-imports.ts';

export interface SourceFile {
  /** Relative to the repository root. */
  readonly path: string;
  readonly project: Project;
  /** Relative to the project root. */
  readonly inProject: string;
  readonly text: string;
  readonly imports: readonly Import[];
}

export const isTestFile = (path: string): boolean => /\.(?:test|cases)\.tsx?$/.test(path);

export function readSourceFiles(root: string, files: readonly string[], projects: readonly Project[]): SourceFile[] {
  return files
    .filter((path) => /\.tsx?$/.test(path) && !path.endsWith('.d.ts'))
    .flatMap((path) => {
      const project = projects.find((candidate) => path.startsWith(`${candidate.root}/`));
      if (project === undefined) return [];
      const text = readFileSync(join(root, path), 'utf8');
      return [{ path, project, inProject: path.slice(project.root.length + 1), text, imports: scanImports(text) }];
    });
}
