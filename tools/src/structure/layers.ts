/** The arrows between projects: which layer may import which, and which npm packages a layer may use. */
import type { Problem } from './problem.ts';

export type Layer = 'plugin-kit' | 'core' | 'kernels' | 'plugin' | 'app' | 'tool';

interface LayerRule {
  readonly mayImport: readonly Layer[];
  /** What its tests may import beyond that: a plugin's golden needs a runtime to run on. */
  readonly testsMayImport?: readonly Layer[];
  /** npm packages its source may import; `declared` means those in the project's own package.json. */
  readonly packages: readonly string[] | 'declared';
}

export const layers: Readonly<Record<Layer, LayerRule>> = {
  'plugin-kit': { mayImport: [], packages: ['zod'] },
  core: { mayImport: ['plugin-kit'], packages: ['zod', 'sharp', 'yaml', 'csv-parse', 'gpt-tokenizer', 'hyparquet-writer'] },
  kernels: { mayImport: ['plugin-kit'], packages: ['webgpu'] },
  plugin: { mayImport: ['plugin-kit'], testsMayImport: ['kernels'], packages: ['zod', 'csv-parse', 'hyparquet', 'yaml'] },
  app: { mayImport: ['plugin-kit', 'core', 'kernels', 'plugin', 'app'], packages: 'declared' },
  tool: { mayImport: ['plugin-kit', 'core', 'kernels', 'plugin', 'app'], packages: 'declared' },
};

/** Of the apps, only these may be imported by another app. */
const importableApps = ['@diptych/web', '@diptych/server'];

export interface Project {
  readonly name: string;
  /** Relative to the repository root. */
  readonly root: string;
  readonly tags: readonly string[];
}

/** The part of Nx's project graph that the check reads. */
export interface ProjectGraph {
  readonly nodes: Readonly<Record<string, { readonly data: { readonly root: string; readonly tags?: readonly string[] } }>>;
  readonly dependencies: Readonly<Record<string, readonly { readonly target: string }[]>>;
}

export const projectsOf = (graph: ProjectGraph): Project[] =>
  Object.entries(graph.nodes).map(([name, { data }]) => ({ name, root: data.root, tags: data.tags ?? [] }));

/** The layer of a project, or undefined when its tags do not name exactly one. */
export function layerOf(project: Project): Layer | undefined {
  const named = project.tags.filter((tag) => tag.startsWith('layer:')).map((tag) => tag.slice('layer:'.length));
  const [only] = named;
  return named.length === 1 && only !== undefined && only in layers ? (only as Layer) : undefined;
}

/** Why `source` (or a test in it) may not import `target`, or undefined when it may. */
export function forbiddenArrow(
  source: Project,
  target: Project,
  { isTest }: { readonly isTest: boolean },
): string | undefined {
  const from = layerOf(source);
  const to = layerOf(target);
  if (from === undefined || to === undefined || source.name === target.name) return undefined;
  const rule = layers[from];
  const allowed = isTest ? [...rule.mayImport, ...(rule.testsMayImport ?? [])] : rule.mayImport;
  if (!allowed.includes(to)) {
    const list = allowed.length === 0 ? 'nothing' : allowed.map((layer) => `layer:${layer}`).join(', ');
    return `${source.name} (layer:${from}) may import ${list}, not ${target.name} (layer:${to}).`;
  }
  if (to === 'app' && from === 'app' && !importableApps.includes(target.name)) {
    return `${source.name} may import the apps ${importableApps.join(' and ')}, not ${target.name}.`;
  }
  return undefined;
}

/** Checks tags and the dependencies that package.json files declare, those of tests among them; imports are checked one by one. */
export function checkLayers(graph: ProjectGraph): Problem[] {
  const projects = new Map(projectsOf(graph).map((project) => [project.name, project]));
  const untagged = [...projects.values()]
    .filter((project) => layerOf(project) === undefined)
    .map(({ name, root }) => ({
      rule: 'layer-tag',
      file: `${root}/package.json`,
      message: `${name} needs exactly one tag out of ${Object.keys(layers)
        .map((layer) => `layer:${layer}`)
        .join(', ')}. Add it under nx.tags.`,
    }));
  const arrows = Object.entries(graph.dependencies).flatMap(([name, targets]) =>
    targets.flatMap(({ target }) => {
      const [source, imported] = [projects.get(name), projects.get(target)];
      const reason = source && imported ? forbiddenArrow(source, imported, { isTest: true }) : undefined;
      if (source === undefined || reason === undefined) return [];
      return [{ rule: 'layer-arrow', file: `${source.root}/package.json`, message: `${reason} Remove the dependency.` }];
    }),
  );
  return [...untagged, ...arrows];
}
