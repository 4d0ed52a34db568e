import { readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { checkCard, needsOf, type Plugin } from '@diptych/plugin-kit';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { loadCard } from './load-card.ts';

const cardsOf = (folder: string): string[] =>
  readdirSync(new URL(`../${folder}/`, import.meta.url))
    .filter((file) => file.endsWith('.yaml'))
    .map((file) => `./${folder}/${file}`);
const cards = [...cardsOf('detectors'), ...cardsOf('safety-judges')];
const sha256 = 'ab'.repeat(32);

const headsOf = async (path: string): Promise<string[]> => {
  const card = checkCard(parse(await readFile(new URL(`../${path}`, import.meta.url), 'utf8')), path);
  return Object.keys((card.options['heads'] as object | undefined) ?? {});
};

describe.each(cards)('the card %s', (path) => {
  it('is a plugin of the name of its file, and needs no more than networks and their digests', async () => {
    const plugin = (await loadCard(path)).default as Plugin;
    const heads = Object.fromEntries((await headsOf(path)).map((name) => [name, { model: `weights/${name}.onnx`, sha256 }]));
    expect(`./${plugin.kind}s/${plugin.name}.yaml`).toBe(path);
    expect(plugin.reference).toMatch(/^https:/);
    const options = plugin.options.parse({
      model: 'weights/net.onnx',
      card: { sha256 },
      ...(Object.keys(heads).length > 0 ? { heads } : {}),
    });
    expect(needsOf(plugin, options).weights?.[0]).toMatchObject({ source: 'file:weights/net.onnx', sha256 });
    expect(plugin.options.safeParse({ model: 'weights/net.onnx' }).success).toBe(false);
  });
});

it('says that a file is no card', async () => {
  await expect(loadCard('../package.json')).rejects.toMatchObject({ code: 'PLUGIN_INVALID' });
});
