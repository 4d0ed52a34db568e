import { type Generator, type GeneratorTraits, needsOf, type Plugin } from '@diptych/plugin-kit';
import { expect, it } from 'vitest';
import automatic1111 from '../../generators/automatic1111.ts';
import bfl from '../../generators/bfl.ts';
import comfyui from '../../generators/comfyui.ts';
import diffusersServer from '../../generators/diffusers-server.ts';
import fal from '../../generators/fal.ts';
import huggingface from '../../generators/huggingface-inference.ts';
import replicate from '../../generators/replicate.ts';
import stability from '../../generators/stability.ts';
import { requestOf, testContext } from '../../testing/drive-generator.ts';
import { given, hostsOf, meteringOf, oneByOne, reasonOf } from './service-options.ts';

const workflow = {
  '6': { class_type: 'CLIPTextEncode', inputs: { text: '{{prompt}}' } },
  '8': { class_type: 'VAEDecode', inputs: {} },
};
type AnyGenerator = Plugin<'generator', Generator> & GeneratorTraits;
const plugins = [
  [stability, {}, 'STABILITY_API_KEY', 'stability:'],
  [bfl, {}, 'BFL_API_KEY', 'bfl:'],
  [replicate, { model: 'black-forest-labs/flux-dev' }, 'REPLICATE_API_TOKEN', 'replicate:'],
  [fal, { model: 'fal-ai/flux/dev' }, 'FAL_KEY', 'fal:'],
  [huggingface, { model: 'black-forest-labs/FLUX.1-dev' }, 'HF_TOKEN', 'huggingface:'],
  [comfyui, { workflow }, undefined, 'comfyui:'],
  [automatic1111, {}, undefined, 'automatic1111:'],
  [diffusersServer, { model: 'sd' }, undefined, 'diffusers-server:'],
] as unknown as readonly [AnyGenerator, object, string | undefined, string][];

it.each(plugins.map(([plugin, ...rest]) => [plugin.name, plugin, ...rest] as const))(
  '%s declares its key, its hosts and its pace',
  async (_, plugin, members, keyName, pace) => {
    const options = plugin.options.parse({ ...members, mediaHosts: ['*.cdn.example.com'], requestsPerMinute: 60 });
    const needs = needsOf(plugin, options);
    expect(needs.secrets).toEqual(keyName === undefined ? undefined : [keyName]);
    expect(needs.hosts).toContain('*.cdn.example.com');
    const { pacing, estimate, maxBatch } = await plugin.create(options, testContext());
    expect(pacing?.key.startsWith(pace)).toBe(true);
    if (keyName !== undefined) expect(pacing?.key.endsWith(keyName)).toBe(true);
    expect(pacing?.requestsPerMinute).toBe(60);
    expect(maxBatch).toBe(1);
    expect(estimate?.source.length).toBeGreaterThan(0);
    expect(plugin.options.safeParse({ ...members, mediaHosts: ['https://x.example/'] }).success).toBe(false);
    expect(plugin.options.safeParse({ ...members, keyName: 'sk-123' }).success).toBe(false);
  },
);

it('puts models under one key into one budget, and other keys into another', () => {
  const options = { concurrency: 2, keyName: 'A_KEY' };
  expect(meteringOf('x', options, ['x/a']).pacing.key).toBe(meteringOf('x', options, ['x/b']).pacing.key);
  expect(meteringOf('x', { ...options, keyName: 'B_KEY' }, []).pacing.key).toBe('x:B_KEY');
});

it('predicts by what the user has seen, else by what the service is known for', () => {
  const typical = { seconds: 20, bytes: 1000 };
  const own = { concurrency: 1, secondsPerImage: 3, bytesPerImage: 70_000 };
  expect(meteringOf('x', { concurrency: 1 }, [], typical).estimate).toMatchObject({
    secondsPerCall: 20,
    bytesPerItem: 1000,
  });
  expect(meteringOf('x', own, [], typical).estimate).toMatchObject({ secondsPerCall: 3, bytesPerItem: 70_000 });
});

it('says of a model that is charged by tokens why no price of an image is known', () => {
  const { estimate } = meteringOf('openai', { concurrency: 1 }, ['openai/gpt-image-2.6-sunburst']);
  expect(estimate).toMatchObject({ usdPerItem: null, source: expect.stringContaining('$30 a million') });
});

it('never takes an unknown price for 0', () => {
  expect(meteringOf('x', { concurrency: 1 }, ['x/unheard-of']).estimate).toMatchObject({ usdPerItem: null });
  expect(meteringOf('x', { concurrency: 1, usdPerImage: 0.5 }, ['x/unheard-of']).estimate).toMatchObject({
    usdPerItem: 0.5,
  });
});

it('lists each host once', () => {
  expect(hostsOf({ baseUrl: 'https://a.example/v1', mediaHosts: ['b.example'] }, ['b.example', '*.a.example'])).toEqual([
    'a.example',
    'b.example',
    '*.a.example',
  ]);
});

it('charges images by the estimate, trusts the call where it knows, and charges no refusal', async () => {
  const bytes = new Uint8Array(1);
  const endings = [
    { outcome: 'image' as const, bytes },
    { outcome: 'image' as const, bytes, costUsd: 0.2 },
    { outcome: 'refused' as const, reason: 'no' },
  ];
  let calls = 0;
  const generate = oneByOne({ usdPerItem: 0.1, source: 'test' }, async () => endings[calls++]!);
  const made = await generate([requestOf(), requestOf(), requestOf()], new AbortController().signal);
  expect(made.map(({ costUsd }) => costUsd)).toEqual([0.1, 0.2, undefined]);
});

it('keeps reasons within the record and members that are set', () => {
  expect(reasonOf('x'.repeat(9000), 'none')).toHaveLength(4000);
  expect(reasonOf(' ', 'none')).toBe('none');
  expect(given({ a: 0, b: undefined, c: false })).toEqual({ a: 0, c: false });
});
