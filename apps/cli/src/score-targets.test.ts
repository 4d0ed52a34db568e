import { needsOf } from '@diptych/plugin-kit';
import { describe, expect, it } from 'vitest';
import { builtInPlugins } from './built-in-plugins.ts';
import { defaultUses } from './score-targets.ts';

describe('the scorers of single images where none is named', () => {
  it.each(['safety-judge', 'detector'] as const)('call no service and read no key (%s)', async (kind) => {
    const plugins = await builtInPlugins();
    const uses = await defaultUses(kind);
    expect(uses.length).toBeGreaterThan(0);
    for (const { use, options } of uses) {
      const plugin = plugins.find((each) => each.kind === kind && each.name === use)!;
      const { hosts = [], secrets = [] } = needsOf(plugin, plugin.options.parse(options));
      expect([use, ...hosts, ...secrets]).toEqual([use]);
    }
  });

  it('are the judges of this machine, none behind an API', async () => {
    const names = (await defaultUses('safety-judge')).map(({ use }) => use);
    expect(names).toContain('nsfwjs');
    expect(names).toContain('corruption-signals');
    for (const service of ['openai-moderation', 'gemini-judge', 'claude-judge', 'llavaguard'])
      expect(names).not.toContain(service);
  });
});
