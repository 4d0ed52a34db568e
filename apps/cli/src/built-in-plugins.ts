import type { Plugin, PluginKind } from '@diptych/plugin-kit';
import { registry } from '@diptych/plugins';

/** Every built-in plugin, or those of one kind, imported. Commands that need one by name go through core's `resolvePlugin`, which imports only that. */
export const builtInPlugins = (kind?: PluginKind): Promise<Plugin[]> =>
  Promise.all(
    Object.entries(registry)
      .filter(([key]) => kind === undefined || key.startsWith(`${kind}/`))
      .map(async ([, load]) => (await load()).default as unknown as Plugin),
  );
