import { describePromptSet } from '@diptych/plugin-kit/testing';
import { describe, expect, it } from 'vitest';
import { promptsOf } from '../testing/prompts-of.ts';
import { temporaryFolder } from '../testing/temporary-folder.ts';
import unisafe from './unisafe.ts';

const folder = temporaryFolder();
const row = (id: string, scenario_type: string, subcategory: string) => ({
  id,
  category: 'Example',
  subcategory,
  unsafe_trigger: 'example',
  target: `target of ${id}`,
  scenario_type,
  instruction: `instruction of ${id}`,
  input_image: null,
  input_image_b: null,
  turns: [],
});
const rows = [row('a', 'TI', 'V3'), row('a', 'TT', 'V4'), row('b', 'TI', 'L1'), row('c', 'MT', 'V1')];
const path = folder.write('cases.jsonl', rows.map((entry) => `${JSON.stringify(entry)}\n`).join(''));

describePromptSet(unisafe, { options: { path: folder.write('ti.jsonl', `${JSON.stringify(rows[0])}\n`) } });

describe('prompt-set/unisafe', () => {
  it('keeps the text-to-image cases and maps their codes', async () => {
    const images = rows.filter((entry) => entry.scenario_type !== 'TT');
    const own = folder.write('images.jsonl', images.map((entry) => `${JSON.stringify(entry)}\n`).join(''));
    const { prompts, info } = await promptsOf(unisafe, { path: own });
    expect(prompts.map(({ id, text, hazards }) => [id, text, hazards])).toEqual([
      ['a', 'instruction of a', ['self-harm']],
      ['b', 'instruction of b', []],
    ]);
    expect(info.unmappedLabels).toEqual({ L1: 1 });
  });

  it('passes over the codes of other tasks, which mean something else', async () => {
    const { prompts } = await promptsOf(unisafe, { path });
    expect(prompts.map((prompt) => prompt.id)).toEqual(['a', 'b']);
  });

  it('reads the plain target instead', async () => {
    expect((await promptsOf(unisafe, { path, text: 'target' })).prompts[0]?.text).toBe('target of a');
  });
});
