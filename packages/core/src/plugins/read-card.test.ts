import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { defineDetector, isDiptychError } from '@diptych/plugin-kit';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { parseStudyValue } from '../study/load-study.ts';
import { fakeRegistry } from '../testing-fakes/fake-plugins.ts';
import { temporaryFolder } from '../testing-fakes/fake-study.ts';
import { loadPlugins, type PluginProblem } from './load-plugins.ts';

const network = defineDetector({
  name: 'network',
  summary: 'For this test.',
  trainedOn: [],
  control: false,
  options: z.strictObject({ model: z.string(), labels: z.array(z.string()), note: z.string().optional() }),
  create: () => ({ maxBatch: 1, detect: async () => [] }),
});
const text = (changes: Record<string, unknown> = {}): string =>
  JSON.stringify({
    kind: 'detector',
    name: 'mine',
    use: 'network',
    summary: 'Mine.',
    options: { model: './weights/net.onnx', labels: ['real', 'fake'], note: 'no/path' },
    ...changes,
  });

async function studyOver(cards: Record<string, string>, detectors: readonly unknown[]) {
  const baseFolder = await temporaryFolder();
  await mkdir(join(baseFolder, 'cards'));
  for (const [name, source] of Object.entries(cards)) await writeFile(join(baseFolder, 'cards', name), source);
  return loadPlugins({
    study: parseStudyValue({ name: 'test', promptSets: ['counted'], generators: ['fake'], detectors }),
    baseFolder,
    registry: { ...fakeRegistry, 'detector/network': async () => ({ default: network }) },
    environment: {},
  });
}
const entryOf = (resolved: readonly { kind: string }[]) => resolved.find(({ kind }) => kind === 'detector');

describe('a card at a path', () => {
  it('is a plugin: its options, its own paths, and what the study adds are in the manifest', async () => {
    await using loaded = await studyOver({ 'mine.yaml': text() }, [
      { use: './cards/mine.yaml', options: { labels: ['authentic', 'synthetic'] } },
    ]);
    expect(entryOf(loaded.resolved)).toMatchObject({
      name: 'mine',
      as: 'mine',
      module: './cards/mine.yaml',
      packageVersion: expect.stringMatching(/^sha256:[0-9a-f]{64} over /),
      options: { model: 'cards/weights/net.onnx', labels: ['authentic', 'synthetic'], note: 'no/path' },
    });
  });

  it('means the same when a manifest names it with all its options', async () => {
    const options = { model: 'cards/weights/net.onnx', labels: ['real', 'fake'], note: 'no/path' };
    await using loaded = await studyOver({ 'mine.yml': text() }, [{ use: './cards/mine.yml', options }]);
    expect(entryOf(loaded.resolved)).toMatchObject({ options });
  });

  it.each([
    ['YAML that does not parse', 'a: [', 'to be YAML'],
    ['a card of another kind', text({ kind: 'generator' }), 'the card of a detector'],
    ['a card that uses a card', text({ use: './other.yaml' }), 'uses ./other.yaml'],
    ['a plugin that is not there', text({ use: 'netwrok' }), 'netwrok'],
    [
      'aliases that expand without end',
      `a: &a [x,x,x,x,x,x,x,x,x]\n${'bcdefghi'.replaceAll(/./g, (c) => `${c}: &${c} [${`*${String.fromCharCode(c.charCodeAt(0) - 1)},`.repeat(9)}]\n`)}`,
      'to be YAML',
    ],
    [
      'an alias inside what it names',
      text().replace('{', '{ "a": &a [*a],'),
      'the alias at a.0 stands inside what it names',
    ],
    ['a tag that says nothing here', text().replace('"mine"', '!!js/function "mine"'), 'Unresolved tag'],
    ['a file of a megabyte', text({ summary: 'x'.repeat(2 ** 20) }), 'at most'],
  ])('is refused where it is %s', async (_, source, message) => {
    const error = await studyOver({ 'mine.yaml': source }, ['./cards/mine.yaml']).then(
      () => undefined,
      (fault: unknown) => fault,
    );
    expect(isDiptychError(error)).toBe(true);
    const [problem] = (error as { details: { problems: PluginProblem[] } }).details.problems;
    expect(problem?.message).toContain(message);
  });
});
