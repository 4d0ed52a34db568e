/**
 * Checks what the compiler cannot: the arrows between projects, which folder may use which package, cycles, file
 * budgets, a test for every plugin. `node tools/src/check-structure.ts` prints one line a violation.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { listRepositoryFiles, repositoryRoot } from './repository.ts';
import { checkCycles } from './structure/check-cycles.ts';
import { checkFileLengths, checkForbiddenText, checkPluginTests, checkSlowTests } from './structure/check-files.ts';
import { checkImports } from './structure/check-imports.ts';
import { checkWall } from './structure/check-wall.ts';
import { checkLayers, type ProjectGraph, projectsOf } from './structure/layers.ts';
import { formatProblem, type Problem } from './structure/problem.ts';
import { readSourceFiles } from './structure/source-files.ts';

/** Asks Nx, which derives projects and arrows from the package.json files. */
function readProjectGraph(root: string): ProjectGraph {
  const folder = mkdtempSync(join(tmpdir(), 'diptych-graph-'));
  try {
    const file = join(folder, 'graph.json');
    execFileSync(process.execPath, [join(root, 'node_modules/nx/dist/bin/nx.js'), 'graph', `--file=${file}`], {
      cwd: root,
      env: { ...process.env, NX_DAEMON: 'false' },
      stdio: 'pipe',
    });
    return (JSON.parse(readFileSync(file, 'utf8')) as { graph: ProjectGraph }).graph;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Every violation in the repository at `root`, sorted by file. */
export function checkStructure(root: string, graph: ProjectGraph): Problem[] {
  const projects = projectsOf(graph);
  const files = listRepositoryFiles(root);
  const sources = readSourceFiles(root, files, projects);
  return [
    ...checkLayers(graph),
    ...checkImports(sources, { root, projects }),
    ...checkWall(sources),
    ...checkCycles(sources),
    ...checkFileLengths(root, files),
    ...checkPluginTests(root, files),
    ...checkSlowTests(files),
    ...checkForbiddenText(root, files),
  ].toSorted((a, b) => a.file.localeCompare(b.file) || (a.line ?? 0) - (b.line ?? 0));
}

if (import.meta.main) {
  const problems = checkStructure(repositoryRoot, readProjectGraph(repositoryRoot));
  for (const problem of problems) console.log(formatProblem(problem));
  console.log(problems.length === 0 ? 'structure: no violations' : `structure: ${problems.length} violations`);
  process.exitCode = problems.length === 0 ? 0 : 1;
}
