import { describeRewriter, fakeContext, samplePrompts } from '@diptych/plugin-kit/testing';
import { afterAll, describe, expect, it } from 'vitest';
import { completionOf, promptIn, startFakeChat } from '../testing/fake-chat.ts';
import { temporaryFolder } from '../testing/temporary-folder.ts';
import safeCounterpart from './safe-counterpart.ts';

const folder = temporaryFolder();
const prompt = samplePrompts()[1]!;
const signal = new AbortController().signal;
folder.write('words.csv', 'word,replacement\nred,blue\nfreedom,cheese\ntea,milk\n');
folder.write(
  'pairs.csv',
  `prompt,counterpart\n${samplePrompts()
    .map(({ text }) => `"${text}","plain ${text}"\n`)
    .join('')}`,
);
const service = await startFakeChat((request) => ({
  json: completionOf({ content: `<prompt>${promptIn(request).replace('red', 'blue').replace('tea', 'milk')}</prompt>` }),
}));
afterAll(() => service[Symbol.asyncDispose]());

const contextOf = () =>
  fakeContext({ baseFolder: folder.path, fetch: globalThis.fetch, secrets: { OPENAI_API_KEY: 'test-key' } });
const rewrite = async (options: object, text = prompt.text) => {
  const rewriter = await safeCounterpart.create(safeCounterpart.options.parse(options), contextOf());
  return rewriter.rewrite(prompt, text, 1, signal);
};
const llm = { by: 'llm', model: 'chat-model', baseUrl: `${service.url}/v1` } as const;

describeRewriter(safeCounterpart, { options: { by: 'words', path: 'words.csv' }, context: contextOf });

describe('rewriter/safe-counterpart', () => {
  it('replaces the words of a list and says which list', async () => {
    const made = await rewrite({ by: 'words', path: 'words.csv' });
    expect(made.text).toBe('a blue bicycle leaning against a white wall');
    expect(made.madeBy).toMatch(/^safe-counterpart by words \(SHA-256 of the list [0-9a-f]{64}\)$/);
    await expect(rewrite({ by: 'words', path: 'words.csv' }, 'a lamp')).rejects.toThrow('no word of the list');
  });

  it('takes the counterpart of a table', async () => {
    const made = await rewrite({ by: 'table', path: 'pairs.csv' });
    expect(made.text).toBe(`plain ${prompt.text}`);
    expect(made.madeBy).toMatch(/^safe-counterpart by table \(SHA-256 [0-9a-f]{64}\)$/);
    await expect(rewrite({ by: 'table', path: 'pairs.csv' }, 'a lamp')).rejects.toThrow('the table does not have its text');
  });

  it('names the line of a bad table', async () => {
    folder.write('holed.csv', 'prompt,counterpart\na,b\nc,\n');
    await expect(rewrite({ by: 'table', path: 'holed.csv' }, 'a')).rejects.toMatchObject({
      code: 'PROMPTS_INVALID',
      details: { line: 3 },
    });
  });

  it('asks a model, and a text left as it was is no counterpart', async () => {
    const made = await rewrite(llm);
    expect(made.text).toBe('a blue bicycle leaning against a white wall');
    expect(made.madeBy).toContain('template counterpart version 1');
    await expect(rewrite(llm, 'a lamp')).rejects.toThrow('found nothing to replace');
  });

  it('needs a host and a key only for a model, and says which option is missing', () => {
    const needs = safeCounterpart.needs as (options: unknown) => unknown;
    expect(needs(safeCounterpart.options.parse({ by: 'words', path: 'words.csv' }))).toEqual({});
    expect(needs(safeCounterpart.options.parse(llm))).toEqual({ secrets: ['OPENAI_API_KEY'], hosts: [service.host] });
    expect(safeCounterpart.options.safeParse({ by: 'llm' }).error?.issues[0]?.path).toEqual(['model']);
    expect(safeCounterpart.options.safeParse({ by: 'table' }).error?.issues[0]?.path).toEqual(['path']);
  });

  it('pins the words of the template: a change needs another version', () => {
    expect([safeCounterpart.template!.version, safeCounterpart.template!.sha256.slice(0, 12)]).toEqual([1, 'ef4a2a3b32ee']);
  });
});
