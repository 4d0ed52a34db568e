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

/** Heads of a judge need the same of each, so one stands for all; otherwise one judge makes the table wider than any screen. */
function optionNames(names: readonly string[]): string[] {
  const kinds = [...new Set(names.map((name) => name.replace(/^heads\.[^.]+/, 'heads.*')))];
  return kinds.length === 0 ? [] : [`option${kinds.length === 1 ? '' : 's'} ${kinds.join(', ')}`];
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
          ...optionNames(plugin.requiredOptions),
          ...plugin.secrets,
          ...new Set(plugin.weights.map((weights) => `weights (${weights.licence})`)),
        ].join(', '),
        plugin.summary,
      ]),
    ),
  );
}
