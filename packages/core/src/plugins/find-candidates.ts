/** The plugins that a study names, with their options and needs checked; nothing is created yet. */
import { DiptychError, needsOf, type PluginKind, type PluginUse, type Study } from '@diptych/plugin-kit';
import { asPlugin } from '../run/stray-errors.ts';
import { describeIssues } from '../text/describe-issues.ts';
import { checkNeeds, type Environment, findSecretOptions } from './check-needs.ts';
import type { Candidate } from './create-plugin.ts';
import type { LoadPluginsOptions } from './load-options.ts';
import { throwPrototypeFault } from './prototype-guard.ts';
import { resolvePlugin } from './resolve-plugin.ts';

export type AddProblem = (kind: PluginKind, alias: string, error: unknown) => void;

function usesOf(study: Study): { kind: PluginKind; use: PluginUse }[] {
  const places: [PluginKind, readonly PluginUse[]][] = [
    ['prompt-set', study.promptSets],
    ['rewriter', study.rewriter ? [study.rewriter] : []],
    ['prompt-rater', study.promptRaters],
    ['generator', study.generators],
    ['authentic-set', study.authenticSets],
    ['safety-judge', study.safetyJudges],
    ['detector', study.detectors],
  ];
  return places.flatMap(([kind, uses]) => uses.map((use) => ({ kind, use })));
}

/** Plugins of a study whose options and needs hold, as far as that can be known offline; the faults of the others are added. */
export async function findCandidates(options: LoadPluginsOptions, add: AddProblem): Promise<Candidate[]> {
  const candidates: Candidate[] = [];
  const uses = usesOf(options.study);
  for (const { kind, use } of uses) {
    const shown = use.as ?? use.use;
    try {
      const resolve = () => resolvePlugin(kind, use.use, options.baseFolder, options.registry);
      // A module may start something when it is imported.
      const found = await asPlugin({ plugin: shown }, resolve).finally(() => throwPrototypeFault(shown));
      const parsed = found.plugin.options.safeParse(use.options, { reportInput: true });
      if (!parsed.success)
        throw new DiptychError(
          'PLUGIN_OPTIONS_INVALID',
          `Expected options that match its schema: ${describeIssues(parsed.error, found.plugin.options).replace(/[^?]$/, '$&.')} Correct them.`,
        );
      const needs = needsOf(found.plugin, parsed.data);
      candidates.push({ kind, alias: use.as ?? found.plugin.name, found, options: parsed.data, needs });
      const faults = await checkNeeds(needs, {
        baseFolder: options.baseFolder,
        environment: options.environment ?? process.env,
        weightsStore: options.weightsStore,
        hasRuntime: options.runtime !== undefined,
      });
      for (const fault of faults) add(kind, shown, fault);
    } catch (error) {
      add(kind, shown, error);
    }
  }
  // A key of one plugin among the options of another lands in the manifest as well.
  const secrets = candidates.flatMap(({ needs }) => needs.secrets ?? []);
  for (const { kind, use } of uses) {
    const fault = secretFault(use.options, secrets, options.environment ?? process.env);
    if (fault) add(kind, use.as ?? use.use, fault);
  }
  return candidates;
}

function secretFault(options: unknown, secrets: readonly string[], environment: Environment): DiptychError | undefined {
  const values = secrets.flatMap((name) => environment[name] ?? []);
  const names = findSecretOptions(options, values);
  if (names.length === 0) return undefined;
  return new DiptychError(
    'PLUGIN_OPTIONS_INVALID',
    `Expected no secret among the options, found ${names.join(', ')}. Options are written to the manifest; set the secret in the environment.`,
  );
}
