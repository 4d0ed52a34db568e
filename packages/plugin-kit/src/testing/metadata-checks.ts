import { z } from 'zod';
import { apiVersion, type Needs, needsOf, type Plugin, type PluginKind } from '../plugin.ts';
import { type Check, isDigest, type Subject, type SuiteInput } from './suite.ts';

type AnySubject = Subject<Plugin, unknown, SuiteInput>;

const sources = /^(npm:|pypi:|https:\/\/|hf:|file:)/;

function labelFaults(plugin: Plugin, kind: PluginKind): string[] {
  const faults: string[] = [];
  if (plugin.kind !== kind) faults.push(`kind is ${plugin.kind}, expected ${kind}. Use the matching define function.`);
  const expected: number = apiVersion;
  if (plugin.apiVersion !== expected) faults.push(`apiVersion is ${plugin.apiVersion}, expected ${expected}.`);
  if (!/^[a-z0-9]+(-[a-z0-9]+)*$/.test(plugin.name) || plugin.name.length > 64)
    faults.push(`name "${plugin.name}" is not kebab-case of at most 64 characters.`);
  if (!/^[A-Z].{8,298}\.$/.test(plugin.summary))
    faults.push(`summary "${plugin.summary}" is not one sentence that starts with a capital and ends with a full stop.`);
  return faults;
}

function optionFaults(plugin: Plugin, options: unknown): string[] {
  const faults: string[] = [];
  const parsed = plugin.options.safeParse(options);
  if (!parsed.success) faults.push(`options of the test do not match the schema: ${z.prettifyError(parsed.error)}`);
  const empty = plugin.options.safeParse({});
  if (!empty.success && empty.error.issues.some((issue) => issue.path.length === 0))
    faults.push('options {} are refused without saying which option is required. Make the schema an object.');
  if (parsed.success && plugin.options.safeParse({ ...(options as object), noSuchOption: 1 }).success)
    faults.push('an unknown option passes unnoticed, and so would a misspelt one. Use z.strictObject.');
  try {
    z.toJSONSchema(plugin.options, { io: 'input' });
  } catch (error) {
    faults.push(
      `options cannot be written as JSON Schema, which \`diptych list plugins --json\` prints: ${(error as Error).message}`,
    );
  }
  return faults;
}

function needFaults(needs: Needs): string[] {
  const faults: string[] = [];
  const weights = needs.weights ?? [];
  if (new Set(weights.map((w) => w.name)).size !== weights.length) faults.push('two weights have the same name.');
  for (const w of weights) {
    if (!isDigest(w.sha256)) faults.push(`weights "${w.name}" have no SHA-256 of 64 lower-case hex digits.`);
    if (!sources.test(w.source)) faults.push(`weights "${w.name}" have the unknown source "${w.source}".`);
    if (w.licence.id === '') faults.push(`weights "${w.name}" have no licence id.`);
  }
  for (const host of needs.hosts ?? [])
    if (!/^(\*\.)?[a-z0-9.-]+(:\d+)?$/.test(host)) faults.push(`host "${host}" is not a bare host name.`);
  if (needs.backend !== undefined && needs.runtime !== true)
    faults.push('needs.backend is set although needs.runtime is not true.');
  return faults;
}

/** The claims every kind of plugin must meet. */
export function metadataChecks(kind: PluginKind): readonly Check<AnySubject>[] {
  return [
    {
      claim: 'has a name, a one-sentence summary, its kind and API version',
      faults: ({ plugin }) => labelFaults(plugin, kind),
    },
    {
      claim: 'has an options schema that accepts what it documents and refuses unknown options',
      faults: ({ plugin, input }) => optionFaults(plugin, input.options),
    },
    {
      claim: 'declares well-formed needs',
      faults: ({ plugin, input }) => needFaults(needsOf(plugin, plugin.options.parse(input.options))),
    },
  ];
}
