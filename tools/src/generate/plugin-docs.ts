/** Writes docs/plugins.md: what each built-in plugin is, from its static metadata. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { declaredTraits, type Licence, type Needs, type Plugin } from '@diptych/plugin-kit';
import { type GeneratedFile, origin } from './generated-file.ts';
import { type BuiltInKind, listPlugins, type PluginFile } from './plugin-files.ts';

const titles: Readonly<Record<BuiltInKind, string>> = {
  generator: 'Generators',
  'safety-judge': 'Safety judges',
  detector: 'Detectors',
  'prompt-set': 'Prompt sets',
  rewriter: 'Rewriters',
  'prompt-rater': 'Prompt raters',
  'authentic-set': 'Authentic sets',
};

export async function writePluginDocs(root: string): Promise<readonly GeneratedFile[]> {
  const loaded = await Promise.all(listPlugins(root).map((file) => loadPlugin(root, file)));
  const sections = (Object.entries(titles) as [BuiltInKind, string][]).map(([kind, title]) => {
    const own = loaded.filter((entry) => entry.file.kind === kind);
    return own.length === 0 ? '' : `\n## ${title}\n${own.map(describePlugin).join('')}`;
  });
  const head = `# Built-in plugins\n\n<!-- ${origin('plugin-docs.ts')} -->\n\nA study names a plugin by its name within its kind. \`diptych list plugins --json\` prints the options of each. Detectors and judges whose weights you bring, and networks of your own, are described in [published detectors and judges, by card](guides/cards.md).\n`;
  return [{ path: 'docs/plugins.md', text: head + sections.join('') }];
}

interface LoadedPlugin {
  readonly file: PluginFile;
  readonly plugin: Plugin;
}

const loadCardOf = async (root: string, path: string): Promise<{ default?: Plugin }> => {
  const loader = join(root, 'packages/plugins/src/shared/load-card.ts');
  const { loadCard } = (await import(pathToFileURL(loader).href)) as {
    loadCard(path: string): Promise<{ default: Plugin }>;
  };
  return loadCard(path);
};

async function loadPlugin(root: string, file: PluginFile): Promise<LoadedPlugin> {
  const module = file.file.endsWith('.yaml')
    ? await loadCardOf(root, `./${file.file.slice('packages/plugins/src/'.length)}`)
    : ((await import(pathToFileURL(join(root, file.file)).href)) as { default?: Plugin });
  const plugin = module.default;
  if (plugin?.kind !== file.kind || plugin.name !== file.name) {
    throw new Error(
      `Expected the default export of ${file.file} to be a ${file.kind} called ${file.name}, received ${plugin?.kind} ${plugin?.name}. Rename the file or the plugin.`,
    );
  }
  return { file, plugin };
}

function describePlugin({ file, plugin }: LoadedPlugin): string {
  const rows: readonly (readonly [string, string])[] = [
    ...Object.entries(declaredTraits(plugin)).map(([name, value]) => [`\`${name}\``, showTrait(value)] as const),
    ['traits', plugin.traitsOf ? 'those above, where the options do not say otherwise' : ''],
    ...describeNeeds(plugin.needs),
    ['reference', plugin.reference ?? ''],
    ['source', `[${file.file}](../${file.file})`],
  ];
  const table = rows
    .filter(([, value]) => value !== '')
    .map(([name, value]) => `| ${name} | ${value.replaceAll('|', '\\|')} |\n`);
  return `\n### ${plugin.name}\n\n${plugin.summary}\n\n| | |\n| --- | --- |\n${table.join('')}`;
}

function showTrait(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? 'none' : value.join(', ');
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
}

const showLicence = ({ id, url }: Licence): string => (url === undefined ? id : `[${id}](${url})`);

function describeNeeds(needs: Plugin['needs']): (readonly [string, string])[] {
  if (typeof needs === 'function') return [['needs', 'depend on the options']];
  const { runtime, backend, secrets, packages, hosts, weights }: Needs = needs ?? {};
  return [
    ['needs', [runtime ? 'the runtime' : '', backend ? `backend ${backend}` : ''].filter(Boolean).join(', ')],
    ['secrets', (secrets ?? []).join(', ')],
    ['packages', (packages ?? []).join(', ')],
    ['hosts', (hosts ?? []).join(', ')],
    ['weights', (weights ?? []).map(({ name, licence }) => `${name} (${showLicence(licence)})`).join(', ')],
  ];
}
