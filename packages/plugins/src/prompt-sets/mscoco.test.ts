import { describePromptSet } from '@diptych/plugin-kit/testing';
import { describe, expect, it } from 'vitest';
import { promptsOf } from '../testing/prompts-of.ts';
import { temporaryFolder } from '../testing/temporary-folder.ts';
import mscoco from './mscoco.ts';

const folder = temporaryFolder();
const annotations = folder.write(
  'captions.json',
  JSON.stringify({
    info: { description: 'two images', annotations: [{ caption: 'not this one' }] },
    images: [{ id: 9, file_name: '9.jpg' }],
    annotations: [
      { image_id: 9, id: 30, caption: 'A red "boat", moored.' },
      { image_id: 9, id: 31, caption: 'A boat at a pier.' },
      { image_id: 4, id: 32, caption: 'Two cups \\ a spoon.' },
    ],
    licenses: [],
  }),
);

describePromptSet(mscoco, { options: { path: annotations, perImage: 'all' } });

describe('prompt-set/mscoco', () => {
  it('reads the official annotations, one caption of an image', async () => {
    const { prompts } = await promptsOf(mscoco, { path: annotations });
    expect(prompts).toEqual([
      { id: '30', text: 'A red "boat", moored.', hazards: [], intent: 'benign', language: 'en', groupId: '9' },
      { id: '32', text: 'Two cups \\ a spoon.', hazards: [], intent: 'benign', language: 'en', groupId: '4' },
    ]);
  });

  it('keeps all captions of an image as one group', async () => {
    const { prompts } = await promptsOf(mscoco, { path: annotations, perImage: 'all' });
    expect(prompts.map(({ id, groupId }) => [id, groupId])).toEqual([
      ['30', '9'],
      ['31', '9'],
      ['32', '4'],
    ]);
  });

  it('reads both published CSV forms', async () => {
    const pairs = folder.write('mscoco.csv', 'image_id,text\n9,A boat.\n9,A pier.\n4,Two cups.\n');
    const cases = folder.write(
      'coco_30k.csv',
      ',case_number,source,prompt,evaluation_seed,evaluation_guidance\n0,7,coco,A boat.,1,7.5\n',
    );
    const fromPairs = await promptsOf(mscoco, { path: pairs, form: 'image-text' });
    expect(fromPairs.prompts.map(({ id, groupId, text }) => [id, groupId, text])).toEqual([
      ['1', '9', 'A boat.'],
      ['3', '4', 'Two cups.'],
    ]);
    const fromCases = await promptsOf(mscoco, { path: cases, form: 'prompts' });
    expect(fromCases.prompts.map(({ id, text }) => [id, text])).toEqual([['7', 'A boat.']]);
  });

  it('names what a file lacks', async () => {
    const other = folder.write('instances.json', '{"info":{},\n"images":[]}');
    await expect(promptsOf(mscoco, { path: other })).rejects.toThrow('none under annotations');
    const cut = folder.write('cut.json', '{"annotations":[\n{"caption":"A boat."');
    await expect(promptsOf(mscoco, { path: cut })).rejects.toThrow('at line 2');
  });
});
