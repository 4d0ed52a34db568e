import { describePromptSet } from '@diptych/plugin-kit/testing';
import { describe, expect, it } from 'vitest';
import { promptsOf } from '../testing/prompts-of.ts';
import { temporaryFolder } from '../testing/temporary-folder.ts';
import geneval from './geneval.ts';

const folder = temporaryFolder();
const path = folder.write(
  'evaluation_metadata.jsonl',
  '{"tag": "single_object", "include": [{"class": "bench", "count": 1}], "prompt": "a photo of a bench"}\n{"tag": "counting", "include": [{"class": "clock", "count": 3}], "exclude": [{"class": "clock", "count": 4}], "prompt": "a photo of three clocks"}\n',
);

describePromptSet(geneval, { options: { path } });

describe('prompt-set/geneval', () => {
  it('reads all tasks, or those asked for', async () => {
    const all = await promptsOf(geneval, { path });
    expect(all.prompts.map((prompt) => prompt.text)).toEqual(['a photo of a bench', 'a photo of three clocks']);
    const some = await promptsOf(geneval, { path, tags: ['counting'] });
    expect(some.prompts).toEqual([
      { id: '2', text: 'a photo of three clocks', hazards: [], intent: 'benign', language: 'en' },
    ]);
  });

  it('names the line of an entry without a prompt', async () => {
    const other = folder.write('other.jsonl', '{"tag":"counting","prompt":"x"}\n{"tag":"counting"}\n');
    await expect(promptsOf(geneval, { path: other })).rejects.toMatchObject({
      code: 'PROMPTS_INVALID',
      details: { line: 2 },
    });
  });
});
