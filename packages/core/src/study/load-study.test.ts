import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../testing-fakes/fake-study.ts';
import { loadStudy } from './load-study.ts';

async function write(name: string, text: string): Promise<string> {
  const path = join(await temporaryFolder(), name);
  await writeFile(path, text);
  return path;
}

describe('a study', () => {
  it.each([
    ['study.yaml', 'name: small\ngenerators: [folder]\n'],
    ['with-bom.yml', '\uFEFFname: small\ngenerators:\n  - folder\n'],
    ['study.json', '{"name": "small", "generators": ["folder"]}'],
    ['study.ts', "const name: string = 'small';\nexport default { name, generators: ['folder'] };\n"],
    ['study.mjs', "export default { name: 'small', generators: [{ use: 'folder' }] };\n"],
  ])('is read from %s', async (name, text) => {
    const path = await write(name, text);
    const { study, baseFolder } = await loadStudy(path);
    expect(study).toMatchObject({ name: 'small', samplesPerPrompt: 1, generators: [{ use: 'folder', options: {} }] });
    expect(path.startsWith(baseFolder)).toBe(true);
  });
});

const bomb = `${Array.from(
  { length: 9 },
  (_, i) =>
    `a${i}: &a${i} [${Array(9)
      .fill(i === 0 ? 'x' : `*a${i - 1}`)
      .join(', ')}]`,
).join('\n')}\nname: bomb\n`;

describe('a faulty study names file, line and member', () => {
  it.each([
    ['an unknown member', 'name: small\ngenerators: [folder]\nsedd: 1\n', /:3.*sedd|sedd/],
    ['a wrong value', 'name: small\ngenerators: [folder]\nlimits:\n  attempts: 0\n', /study\.yaml:4: limits\.attempts/],
    ['two faults at once', 'name: Not Valid\ngenerators: [folder]\nseed: -1\n', /:1: name[\s\S]*:3: seed/],
    ['no generators', 'name: small\n', /generators/],
    ['a member twice', 'name: small\ngenerators: [folder]\nname: again\n', /study\.yaml:3: Map keys must be unique\.\n/],
    ['broken YAML', 'name: small\ngenerators: [folder\n', /study\.yaml:\d/],
    ['a repeated key', 'name: small\nname: other\ngenerators: [folder]\n', /:2: .*unique/],
    ['an alias bomb', bomb, /alias/i],
    [
      'an alias inside what it names',
      'name: small\ngenerators: [{ use: folder, options: &o { a: [*o] } }]\n',
      /generators\.0\.options\.a\.0 stands inside/,
    ],
    [
      'a tag that says nothing here',
      'name: !secret small\ngenerators: [folder]\n',
      /study\.yaml:1: Unresolved tag: !secret/,
    ],
    ['nothing', '', /study/],
  ])('%s', async (_name, text, message) => {
    await expect(loadStudy(await write('study.yaml', text))).rejects.toMatchObject({
      code: 'STUDY_INVALID',
      message: expect.stringMatching(message),
    });
  });

  it('refuses a module that throws or exports nothing', async () => {
    await expect(loadStudy(await write('a.mjs', 'throw new Error("boom")'))).rejects.toMatchObject({
      code: 'STUDY_INVALID',
      message: expect.stringContaining('boom'),
    });
    await expect(loadStudy(await write('b.mjs', 'export const study = 1'))).rejects.toMatchObject({ code: 'STUDY_INVALID' });
    const round =
      "const options = {}; options.a = options; export default { name: 'c', generators: [{ use: 'folder', options }] }";
    await expect(loadStudy(await write('c.mjs', round))).rejects.toMatchObject({
      code: 'STUDY_INVALID',
      message: expect.stringContaining('holds itself at generators.0.options.a'),
    });
  });

  it('refuses a file that is too large', async () => {
    await expect(loadStudy(await write('big.yaml', `# ${'x'.repeat(5 * 2 ** 20)}`))).rejects.toMatchObject({
      code: 'STUDY_INVALID',
      message: expect.stringContaining('bytes'),
    });
  });
});

it('says that a study is not there', async () => {
  const folder = await temporaryFolder();
  await mkdir(join(folder, 'dir.yaml'));
  for (const name of ['absent.yaml', 'dir.yaml'])
    await expect(loadStudy(join(folder, name))).rejects.toMatchObject({ code: 'STUDY_NOT_FOUND' });
});
