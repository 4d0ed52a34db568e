import type { Plugin } from '@diptych/plugin-kit';
import { registry } from '@diptych/plugins';

/** Every built-in plugin, imported. Commands that need one by name go through core's `resolvePlugin`, which imports only that. */
export const builtInPlugins = (): Promise<Plugin[]> =>
  Promise.all(Object.values(registry).map(async (load) => (await load()).default as unknown as Plugin));
