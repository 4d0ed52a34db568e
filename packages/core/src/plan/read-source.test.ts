import { describe, expect, it } from 'vitest';
import type { LoadedPlugin } from '../plugins/loaded-study.ts';
import { asked, checkFacts, digestSchema, listed, maxListed, maxListedText } from './read-source.ts';

const plugin = { alias: 'mine' } as LoadedPlugin;
const { signal } = new AbortController();
const lengthOf = (item: unknown): number => String(item).length;

async function* endless(item: string): AsyncGenerator<string> {
  for (;;) yield item;
}
async function countOf(items: AsyncIterable<unknown>): Promise<number> {
  let count = 0;
  for await (const _ of items) count += 1;
  return count;
}

describe('a list of a plugin', () => {
  it('without end is refused by the number of its items and by their text', async () => {
    await expect(countOf(listed(plugin, endless('a'), { signal }))).rejects.toMatchObject({
      code: 'PLUGIN_BROKE_CONTRACT',
      message: expect.stringContaining(`mine to list at most ${maxListed} items`),
    });
    const long = 'x'.repeat(maxListedText / 16);
    await expect(countOf(listed(plugin, endless(long), { signal, sizeOf: lengthOf }))).rejects.toMatchObject({
      code: 'PLUGIN_BROKE_CONTRACT',
    });
  });

  it('stops when the run is stopped, even if the plugin never waits', async () => {
    const controller = new AbortController();
    setImmediate(() => controller.abort(new Error('stopped')));
    await expect(countOf(listed(plugin, endless('a'), { signal: controller.signal }))).rejects.toThrow('stopped');
  });

  it('that throws is named, whatever it throws', async () => {
    const fails = async (): Promise<never> => {
      throw Object.create(null);
    };
    await expect(asked(plugin, fails)).rejects.toMatchObject({
      code: 'PLUGIN_BROKE_CONTRACT',
      message: expect.stringMatching(/mine .*cannot be read/),
    });
  });

  it('has a digest that is one', () => {
    expect(() => checkFacts('mine', digestSchema, 'none')).toThrow(/facts of mine/);
  });
});
