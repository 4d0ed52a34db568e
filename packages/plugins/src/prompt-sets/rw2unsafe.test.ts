import { describePromptSet } from '@diptych/plugin-kit/testing';
import { describe, expect, it } from 'vitest';
import { promptsOf } from '../testing/prompts-of.ts';
import { temporaryFolder } from '../testing/temporary-folder.ts';
import rw2unsafe from './rw2unsafe.ts';

const folder = temporaryFolder();
const path = folder.write('rw2unsafe.csv', 'prompt,malicious_intent\na lamp,violent\na chair,illegal\n');

describePromptSet(rw2unsafe, { options: { path } });

describe('prompt-set/rw2unsafe', () => {
  it('maps the intents to hazards', async () => {
    const { prompts } = await promptsOf(rw2unsafe, { path });
    expect(prompts.map(({ text, hazards }) => [text, hazards])).toEqual([
      ['a lamp', ['violence']],
      ['a chair', ['illegal-activity']],
    ]);
  });

  it('reads other column names from the options', async () => {
    const other = folder.write('other.jsonl', '{"text":"a lamp","intent":"hate"}\n');
    const columns = { text: 'text', hazards: 'intent' };
    expect((await promptsOf(rw2unsafe, { path: other, columns })).prompts[0]?.hazards).toEqual(['hate']);
  });
});
