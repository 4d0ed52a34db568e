/** `diptych list plugins`: built-in plugins with what they declare. */
import { needsOf, type Plugin } from '@diptych/plugin-kit';
import { registry } from '@diptych/plugins';
import { z } from 'zod';
import { type OutputOptions, printResult } from '../output/result.ts';
import { renderTable } from '../output/table.ts';

const common = new Set(['apiVersion', 'kind', 'name', 'summary', 'reference', 'options', 'needs', 'traitsOf', 'create']);

/** Whatever a kind declares beyond the common fields: family, covers, trainedOn … */
const traitsOf = (plugin: Plugin): Record<string, unknown> =>
  Object.fromEntries(Object.entries(plugin).filter(([key, value]) => !common.has(key) && typeof value !== 'function'));

function describe(plugin: Plugin) {
  const parsed = plugin.options.safeParse({});
  const needs = parsed.success ? needsOf(plugin, parsed.data) : undefined;
  return {
    kind: plugin.kind,
    name: plugin.name,
    summary: plugin.summary,
    reference: plugin.reference,
    traits: traitsOf(plugin),
    weights:
      needs?.weights?.map(({ name, source, sha256, licence }) => ({ name, source, sha256, licence: licence.id })) ?? [],
    requiredOptions: parsed.success ? [] : parsed.error.issues.map((issue) => issue.path.join('.')),
    options: z.toJSONSchema(plugin.options, { io: 'input', unrepresentable: 'any' }),
  };
}

export default async function listPlugins(options: OutputOptions): Promise<void> {
  const plugins = await Promise.all(
    Object.values(registry).map(async (load) => describe((await load()).default as unknown as Plugin)),
  );
  printResult(options, { plugins }, () =>
    renderTable(
      ['kind', 'name', 'needs', 'summary'],
      plugins.map((plugin) => [
        plugin.kind,
        plugin.name,
        [
          ...plugin.requiredOptions.map((name) => `option ${name}`),
          ...plugin.weights.map((weights) => `weights (${weights.licence})`),
        ].join(', '),
        plugin.summary,
      ]),
    ),
  );
}
