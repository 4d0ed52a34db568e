/** Import cycles between files. Type imports do not count: they are gone at run time. */
import { importsWithinProject } from './check-imports.ts';
import type { Problem } from './problem.ts';
import type { SourceFile } from './source-files.ts';

/** One problem a cycle, reported at its alphabetically first file. */
export function checkCycles(files: readonly SourceFile[]): Problem[] {
  const edges = new Map(files.map((file) => [file.path, importsWithinProject(file)]));
  return findCycles(edges).map((cycle) => ({
    rule: 'import-cycle',
    file: cycle[0]!,
    message: `${[...cycle, cycle[0]].join(' → ')}. Move what they share into a file of its own.`,
  }));
}

/** Depth-first search; each cycle once, rotated to start at its smallest name. */
export function findCycles(edges: ReadonlyMap<string, readonly string[]>): string[][] {
  const done = new Set<string>();
  const cycles = new Map<string, string[]>();
  const visit = (node: string, path: readonly string[]): void => {
    const at = path.indexOf(node);
    if (at !== -1) {
      const cycle = rotate(path.slice(at));
      cycles.set(cycle.join('\n'), cycle);
      return;
    }
    if (done.has(node)) return;
    for (const next of edges.get(node) ?? []) visit(next, [...path, node]);
    done.add(node);
  };
  for (const node of edges.keys()) visit(node, []);
  return [...cycles.values()].toSorted((a, b) => a[0]!.localeCompare(b[0]!));
}

function rotate(cycle: readonly string[]): string[] {
  const first = cycle.indexOf(cycle.toSorted()[0]!);
  return [...cycle.slice(first), ...cycle.slice(0, first)];
}
