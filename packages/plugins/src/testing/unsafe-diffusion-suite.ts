/** What every prompt set of Unsafe Diffusion must do: a list, one prompt a line, or a table. */
import type { Plugin, PromptSet } from '@diptych/plugin-kit';
import { describePromptSet } from '@diptych/plugin-kit/testing';
import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import type { unsafeDiffusionOptions } from '../shared/unsafe-diffusion.ts';
import { promptsOf } from './prompts-of.ts';
import { temporaryFolder } from './temporary-folder.ts';

type Options = z.ZodObject<typeof unsafeDiffusionOptions, z.core.$strict>;

export function describeUnsafeDiffusion(plugin: Plugin<'prompt-set', PromptSet, Options>): void {
  const folder = temporaryFolder();
  const lines = folder.write('lines.txt', 'a lamp\n\na chair\na lamp\n');
  const table = folder.write('table.csv', 'text,theme\n"a lamp, lit",home\n');

  describePromptSet(plugin, { options: { path: lines } });

  describe(`prompt-set/${plugin.name}`, () => {
    it('reads one prompt a line and counts repeated ones', async () => {
      const { prompts, info } = await promptsOf(plugin, { path: lines, hazards: ['hate'] });
      expect(prompts).toEqual([
        { id: '1', text: 'a lamp', hazards: ['hate'], intent: 'unsafe', language: 'en' },
        { id: '3', text: 'a chair', hazards: ['hate'], intent: 'unsafe', language: 'en' },
        { id: '4', text: 'a lamp', hazards: ['hate'], intent: 'unsafe', language: 'en' },
      ]);
      expect(info).toMatchObject({ count: 3, duplicates: 1, licence: { id: 'on-request' } });
    });

    it('reads a table under the column and language of the options', async () => {
      const { prompts } = await promptsOf(plugin, { path: table, columns: { text: 'text' }, language: 'zh' });
      expect(prompts).toEqual([{ id: '1', text: 'a lamp, lit', hazards: [], intent: 'unsafe', language: 'zh' }]);
    });

    it('refuses a table without the column, and a file that is not the pinned one', async () => {
      await expect(promptsOf(plugin, { path: table })).rejects.toMatchObject({
        code: 'PROMPTS_INVALID',
        details: { line: 1 },
      });
      await expect(promptsOf(plugin, { path: lines, sha256: '0'.repeat(64) })).rejects.toMatchObject({
        code: 'PROMPTS_DIGEST_MISMATCH',
      });
    });
  });
}
