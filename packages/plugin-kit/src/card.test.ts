import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type Card, checkCard, pluginOfCard } from './card.ts';
import { defineDetector } from './detector.ts';

const base = defineDetector({
  name: 'base',
  summary: 'For this test.',
  trainedOn: [],
  control: false,
  options: z.strictObject({
    model: z.string(),
    card: z.strictObject({ labels: z.array(z.string()), sha256: z.string(), size: z.number().default(1) }),
  }),
  create: () => ({ maxBatch: 1, detect: async () => [] }),
});
const card: Card = {
  kind: 'detector',
  name: 'published',
  use: 'base',
  summary: 'A published one.',
  reference: 'https://example.test/paper',
  options: { card: { labels: ['real', 'fake'], size: 2 } },
};

describe('a card', () => {
  it('gives options to the plugin that it uses, and a study gives the rest', () => {
    const plugin = pluginOfCard(base, card);
    expect(plugin).toMatchObject({
      name: 'published',
      summary: 'A published one.',
      reference: 'https://example.test/paper',
    });
    expect(plugin.options.parse({ model: 'a.onnx', card: { sha256: '00' } })).toEqual({
      model: 'a.onnx',
      card: { labels: ['real', 'fake'], sha256: '00', size: 2 },
    });
    expect(base.name).toBe('base');
  });

  it('gives way to the study field by field, and for a list wholly', () => {
    const given = { model: 'a.onnx', card: { sha256: '00', labels: ['synthetic'], size: 3 } };
    expect(pluginOfCard(base, card).options.parse(given)).toEqual(given);
  });

  it('gives the same options when they are read back from a manifest', () => {
    const plugin = pluginOfCard(base, card);
    const parsed = plugin.options.parse({ model: 'a.onnx', card: { sha256: '00' } });
    expect(plugin.options.parse(parsed)).toEqual(parsed);
  });

  it.each([
    ['a list', []],
    ['a field that cards do not have', { ...card, model: 'a.onnx' }],
    ['no plugin to use', { ...card, use: undefined }],
    ['another kind of thing', { ...card, kind: 'judge' }],
    ['a name that is no file name', { ...card, name: '../x' }],
  ])('refuses %s', (_, value) => {
    expect(() => checkCard(value, 'card.yaml')).toThrow(expect.objectContaining({ code: 'PLUGIN_INVALID' }));
  });

  it('keeps a key called __proto__ a key', () => {
    const options = JSON.parse('{ "card": { "__proto__": { "size": 9 } } }') as Record<string, unknown>;
    const parsed = pluginOfCard(base, { ...card, options }).options.safeParse({
      model: 'a',
      card: { sha256: '', labels: [] },
    });
    expect(parsed.success).toBe(false);
    expect(({} as { size?: number }).size).toBeUndefined();
  });
});
