/** The weights cache as the commands use it: which files plugins need, with progress on stderr. */
import { extname } from 'node:path';
import { loadStudy, openWeightsStore, resolvePlugin, type WeightsStore } from '@diptych/core/scorers';
import { DiptychError, needsOf, type Plugin, type PluginKind, type PluginUse, type WeightsRef } from '@diptych/plugin-kit';
import { registry } from '@diptych/plugins';
import { builtInPlugins } from './built-in-plugins.ts';
import { note, type OutputOptions } from './output/result.ts';
import { bytes } from './output/table.ts';

export interface WeightsOptions extends OutputOptions {
  readonly acceptLicences?: boolean;
}

export function openWeights(options: WeightsOptions): WeightsStore {
  const shown = new Map<string, number>();
  return openWeightsStore({
    acceptLicences: options.acceptLicences ?? false,
    onProgress({ name, source, receivedBytes, totalBytes, done }) {
      if (options.progress === 'none') return;
      const step = totalBytes ? Math.floor((10 * receivedBytes) / totalBytes) : 0;
      if (!done && shown.get(source) === step) return; // a line each ten per cent
      shown.set(source, step);
      note(
        done
          ? `weights ${name}: ${bytes(receivedBytes)}, SHA-256 as pinned`
          : `weights ${name} from ${source}: ${bytes(receivedBytes)}${totalBytes ? ` of ${bytes(totalBytes)}` : ''}`,
      );
    },
  });
}

export interface PluginWeights {
  readonly plugin: string;
  readonly ref: WeightsRef;
  readonly baseFolder: string;
}

/** Weights of the built-in plugins that need no option of the user's to name them. */
export async function builtInWeights(): Promise<PluginWeights[]> {
  const plugins = await builtInPlugins();
  return plugins.flatMap((plugin) => {
    const parsed = plugin.options.safeParse({});
    return parsed.success ? weightsOf(plugin, parsed.data, process.cwd()) : [];
  });
}

const weightsOf = (plugin: Plugin, options: unknown, baseFolder: string): PluginWeights[] =>
  (needsOf(plugin, options).weights ?? []).map((ref) => ({ plugin: `${plugin.kind}/${plugin.name}`, ref, baseFolder }));

/** Weights of everything a study uses, with the study's options. */
async function weightsOfStudy(file: string): Promise<PluginWeights[]> {
  const { study, baseFolder } = await loadStudy(file);
  const uses: [PluginKind, PluginUse][] = [
    ...(study.rewriter ? [['rewriter', study.rewriter] as [PluginKind, PluginUse]] : []),
    ...study.promptRaters.map((use): [PluginKind, PluginUse] => ['prompt-rater', use]),
    ...study.generators.map((use): [PluginKind, PluginUse] => ['generator', use]),
    ...study.safetyJudges.map((use): [PluginKind, PluginUse] => ['safety-judge', use]),
    ...study.detectors.map((use): [PluginKind, PluginUse] => ['detector', use]),
  ];
  const found = await Promise.all(
    uses.map(async ([kind, use]) => {
      const { plugin } = await resolvePlugin(kind, use.use, baseFolder, registry);
      return weightsOf(plugin, plugin.options.parse(use.options), baseFolder);
    }),
  );
  return found.flat();
}

/** A study file, or the name of a built-in plugin with or without its kind. */
export async function weightsNamed(target: string): Promise<PluginWeights[]> {
  if (['.yaml', '.yml', '.json', '.ts', '.mts', '.mjs'].includes(extname(target))) return weightsOfStudy(target);
  const all = await builtInWeights();
  const found = all.filter(({ plugin }) => plugin === target || plugin.endsWith(`/${target}`));
  if (found.length > 0) return found;
  const known = [...new Set(all.map(({ plugin }) => plugin))].join(', ');
  throw new DiptychError(
    'PLUGIN_NOT_FOUND',
    `Expected a study file or a built-in plugin with weights of its own (${known}), received "${target}". For weights that an option names, give the study file.`,
  );
}
