/** Writes the registry of built-in plugins: names to lazy imports, so that listing them loads none. */
import { type GeneratedFile, origin } from './generated-file.ts';
import { listPlugins } from './plugin-files.ts';

const folder = 'packages/plugins/src/';

export function writeRegistry(root: string): Promise<readonly GeneratedFile[]> {
  const entries = listPlugins(root).map(({ kind, name, file }) => {
    const path = `./${file.slice(folder.length)}`;
    const load = path.endsWith('.yaml') ? `loadCard('${path}')` : `import('${path}')`;
    return `  '${kind}/${name}': () => ${load},\n`;
  });
  const text = `// ${origin('registry.ts')}\nimport { loadCard } from './shared/load-card.ts';\n\n/** Every built-in plugin by \`kind/name\`. */\nexport const registry = {\n${entries.join('')}} as const;\n`;
  return Promise.resolve([{ path: `${folder}_registry.gen.ts`, text }]);
}
