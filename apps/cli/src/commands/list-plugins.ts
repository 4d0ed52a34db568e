/** `diptych list plugins`: built-in plugins with what they declare. */
import { declaredTraits, needsOf, type Plugin } from '@diptych/plugin-kit';
import { z } from 'zod';
import { builtInPlugins } from '../built-in-plugins.ts';
import { type OutputOptions, printResult } from '../output/result.ts';
import { renderTable } from '../output/table.ts';

function describe(plugin: Plugin) {
  const parsed = plugin.options.safeParse({});
  const needs = parsed.success ? needsOf(plugin, parsed.data) : undefined;
  return {
    kind: plugin.kind,
    name: plugin.name,
    summary: plugin.summary,
    reference: plugin.reference,
    traits: declaredTraits(plugin),
    weights:
      needs?.weights?.map(({ name, source, sha256, licence }) => ({ name, source, sha256, licence: licence.id })) ?? [],
    secrets: needs?.secrets ?? [],
    hosts: needs?.hosts ?? [],
    requiredOptions: parsed.success ? [] : parsed.error.issues.map((issue) => issue.path.join('.')),
    options: z.toJSONSchema(plugin.options, { io: 'input', unrepresentable: 'any' }),
  };
}

export default async function listPlugins(options: OutputOptions): Promise<void> {
  const plugins = (await builtInPlugins()).map(describe);
  printResult(options, { plugins }, () =>
    renderTable(
      ['kind', 'name', 'needs', 'summary'],
      plugins.map((plugin) => [
        plugin.kind,
        plugin.name,
        [
          ...plugin.requiredOptions.map((name) => `option ${name}`),
          ...plugin.secrets,
          ...new Set(plugin.weights.map((weights) => `weights (${weights.licence})`)),
        ].join(', '),
        plugin.summary,
      ]),
    ),
  );
}
