import { describePromptSet } from '@diptych/plugin-kit/testing';
import { describe, expect, it } from 'vitest';
import { promptsOf } from '../testing/prompts-of.ts';
import { temporaryFolder } from '../testing/temporary-folder.ts';
import flickr30k from './flickr30k.ts';

const folder = temporaryFolder();
const token = folder.write(
  'results_20130124.token',
  '12.jpg#0\tA boat at a pier .\n12.jpg#1\tA moored boat .\n34.jpg#0\tTwo "cups" .\n',
);
const annotations = folder.write(
  'flickr_annotations_30k.csv',
  'raw,sentids,split,filename,img_id\n"[""A boat."", ""A pier.""]","[0, 1]",train,12.jpg,0\n"[""Two cups.""]",[2],test,34.jpg,1\n',
);

describePromptSet(flickr30k, { options: { path: token, perImage: 'all' } });

describe('prompt-set/flickr30k', () => {
  it('reads the token file, one caption of an image or all in its group', async () => {
    const first = await promptsOf(flickr30k, { path: token });
    expect(first.prompts).toEqual([
      { id: '12.jpg#0', text: 'A boat at a pier .', hazards: [], intent: 'benign', language: 'en', groupId: '12.jpg' },
      { id: '34.jpg#0', text: 'Two "cups" .', hazards: [], intent: 'benign', language: 'en', groupId: '34.jpg' },
    ]);
    const all = await promptsOf(flickr30k, { path: token, perImage: 'all' });
    expect(all.prompts.map(({ id, groupId }) => [id, groupId])[1]).toEqual(['12.jpg#1', '12.jpg']);
  });

  it('reads the annotations by split', async () => {
    const all = await promptsOf(flickr30k, { path: annotations, form: 'annotations', perImage: 'all' });
    expect(all.prompts.map((prompt) => prompt.id)).toEqual(['12.jpg#0', '12.jpg#1', '34.jpg#0']);
    const test = await promptsOf(flickr30k, { path: annotations, form: 'annotations', split: 'test' });
    expect(test.prompts.map((prompt) => prompt.text)).toEqual(['Two cups.']);
  });

  it.each([
    ['token', 'no-tab.token', '12.jpg#0\tA boat\n12.jpg A boat\n', 'in line 2'],
    ['annotations', 'no-list.csv', 'raw,split,filename\nA boat,test,12.jpg\n', 'in line 2'],
  ] as const)('names the line of a bad row of the form %s', async (form, name, text, message) => {
    const path = folder.write(name, text);
    await expect(promptsOf(flickr30k, { path, form })).rejects.toMatchObject({
      code: 'PROMPTS_INVALID',
      message: expect.stringContaining(message),
    });
  });
});
