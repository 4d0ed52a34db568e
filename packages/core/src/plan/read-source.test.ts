import { DiptychError } from '@diptych/plugin-kit';
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

  it('fails with the machine, whatever the plugin makes of it', async () => {
    const cause = Object.assign(new Error('EMFILE: too many open files'), { code: 'EMFILE', syscall: 'scandir' });
    const fails = (error: Error) => async (): Promise<never> => {
      throw error;
    };
    const told = { code: 'SYSTEM_FAULT', message: expect.stringContaining('mine list what it has, got: EMFILE') };
    await expect(asked(plugin, fails(cause))).rejects.toMatchObject(told);
    const said = new DiptychError('IMAGES_FOLDER_INVALID', 'Expected a readable folder.', { cause });
    await expect(asked(plugin, fails(said))).rejects.toMatchObject(told);
  });

  it('that may not be read stays what the plugin says it is', async () => {
    const cause = Object.assign(new Error('EACCES: permission denied'), { code: 'EACCES', syscall: 'scandir' });
    const said = new DiptychError('IMAGES_FOLDER_INVALID', 'Expected a readable folder.', { cause });
    await expect(asked(plugin, () => Promise.reject(said))).rejects.toBe(said);
  });

  it('has a digest that is one', () => {
    expect(() => checkFacts('mine', digestSchema, 'none')).toThrow(/facts of mine/);
  });
});
