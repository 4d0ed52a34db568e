/**
 * How each ready card reads a file, against how its method does, as its public code has it: OpenCV turns pictures by EXIF, Pillow
 * does not; CLIP's own preparation resizes before it drops alpha, and so weighs colours by it. Everything else drops alpha first.
 */
import { readdirSync } from 'node:fs';
import type { DecodeOptions, ImageRecipe, Plugin } from '@diptych/plugin-kit';
import { expect, it } from 'vitest';
import { loadCard } from './load-card.ts';
import { decodingFor } from './run-images.ts';

const withOpenCv = ['effort', 'drct-clip', 'drct-convnext', 'nudenet'];
const alphaInResize = ['q16', 'mhsc', 'laion-nsfw', 'de-fake-image'];
const expected = (name: string): DecodeOptions => ({
  ...(withOpenCv.includes(name) && { orientation: 'apply' }),
  ...(alphaInResize.includes(name) && { alpha: 'keep' }),
});

const cards = ['detectors', 'safety-judges'].flatMap((folder) =>
  readdirSync(new URL(`../${folder}/`, import.meta.url))
    .filter((file) => file.endsWith('.yaml'))
    .map((file) => ({ name: file.slice(0, -'.yaml'.length), path: `./${folder}/${file}` })),
);

it.each(cards)('$name reads files as its method does', async ({ name, path }) => {
  const plugin = (await loadCard(path)).default as Plugin;
  const own = plugin.options.safeParse({}).error!.issues.filter(({ path: [at] }) => at === 'heads');
  const heads = Object.fromEntries(own.map(({ path: [, head] }) => [head, { model: 'h.onnx', sha256: '0'.repeat(64) }]));
  const given = { model: 'm.onnx', card: { sha256: '0'.repeat(64) }, ...(own.length > 0 && { heads }) };
  const { card } = plugin.options.parse(given) as { card: { recipe: ImageRecipe; orientation?: 'ignore' | 'apply' } };
  expect(decodingFor(card)).toEqual(expected(name));
});

it('covers every card that reads in a way of its own', () => {
  expect(cards.map(({ name }) => name)).toEqual(expect.arrayContaining([...withOpenCv, ...alphaInResize]));
});
