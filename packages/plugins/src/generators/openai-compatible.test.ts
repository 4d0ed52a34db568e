import { needsOf } from '@diptych/plugin-kit';
import { describeGenerator, gradientImage } from '@diptych/plugin-kit/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { generateOne, requestOf, testContext, testKey } from '../testing/drive-generator.ts';
import { type FakeService, type ReplyOf, startFakeService } from '../testing/fake-service.ts';
import { describeServiceFaults } from '../testing/service-faults.ts';
import openaiCompatible from './openai-compatible.ts';

const png = gradientImage().bytes;
const b64_json = Buffer.from(png).toString('base64');
type Rule = NonNullable<z.input<typeof openaiCompatible.options>['refusals']>[number];
const family = 'diffusion' as const;

let fake: FakeService;
beforeAll(async () => {
  fake = await startFakeService(() => ({ json: { data: [{ b64_json }] } }));
});
afterAll(async () => fake[Symbol.asyncDispose]());
describeGenerator(openaiCompatible, {
  options: { baseUrl: 'http://images.invalid/v1', family },
  context: () => ({ ...testContext(), fetch: async (_, init) => fetch(fake.url, init) }),
});
describeServiceFaults(openaiCompatible, (baseUrl) => ({ baseUrl, family, keyName: 'MY_KEY' }));

describe('generator/openai-compatible', () => {
  it('asks for base64 with the seed under the name that the endpoint has for it', async () => {
    await using service = await startFakeService(() => ({ json: { data: [{ b64_json, revised_prompt: 'A fox.' }] } }));
    const options = { baseUrl: `${service.url}/v1/`, family, model: 'sd3', size: '512x512', seedParameter: 'seed' } as const;
    const generation = await generateOne(openaiCompatible, options, { request: requestOf({ prompt: 'a fox', seed: 5 }) });
    expect(generation).toMatchObject({ outcome: 'image', revisedPrompt: 'A fox.' });
    expect(generation).not.toHaveProperty('warnings');
    const [request] = service.received;
    expect(request!.path).toBe('/v1/images/generations');
    expect(request!.headers.authorization).toBeUndefined();
    expect(request!.json).toEqual({
      model: 'sd3',
      size: '512x512',
      n: 1,
      response_format: 'b64_json',
      seed: 5,
      prompt: 'a fox',
    });
  });

  it('fetches an image from another host without the key, and declares that host', async () => {
    await using media = await startFakeService(() => ({ body: png, headers: { 'content-type': 'image/png' } }));
    await using service = await startFakeService(() => ({ json: { data: [{ url: `${media.url}/i.png` }] } }));
    const options = {
      baseUrl: service.url,
      family,
      keyName: 'MY_KEY',
      response_format: 'url',
      mediaHosts: [media.host],
    } satisfies z.input<typeof openaiCompatible.options>;
    const generation = await generateOne(openaiCompatible, options);
    expect(generation).toMatchObject({ outcome: 'image', warnings: ['seed not supported'] });
    expect(generation.outcome === 'image' && Buffer.compare(generation.bytes, png)).toBe(0);
    expect(service.received[0]!.headers.authorization).toBe(`Bearer ${testKey}`);
    expect(JSON.stringify(media.received[0]!.headers)).not.toContain(testKey);
    const needs = needsOf(openaiCompatible, openaiCompatible.options.parse(options));
    expect(needs).toEqual({ secrets: ['MY_KEY'], hosts: [service.host, media.host] });
  });

  it('needs no key where none is named', () => {
    const options = openaiCompatible.options.parse({ baseUrl: 'http://localhost:8000/v1', family: 'mllm', decoder: 'vq' });
    expect(needsOf(openaiCompatible, options)).toEqual({ hosts: ['localhost:8000'] });
    expect(openaiCompatible.traitsOf?.(options)).toEqual({ family: 'mllm', decoder: 'vq' });
  });

  it.each([
    ['no family', { baseUrl: 'http://localhost/v1' }],
    [
      'a rule that would hold for every answer',
      { baseUrl: 'http://localhost/v1', family, refusals: [{ outcome: 'blocked' }] },
    ],
    ['a key in place of its name', { baseUrl: 'http://localhost/v1', family, keyName: 'sk-abc' }],
    ['a key in the address', { baseUrl: 'http://user:key@localhost/v1', family }],
  ])('refuses options with %s', (_, options) => {
    expect(openaiCompatible.options.safeParse(options).success).toBe(false);
  });

  it.each<[string, ReplyOf, Rule, object]>([
    [
      'a status and words of the body',
      { status: 451, body: 'Content NOT allowed here' },
      { status: 451, contains: 'not allowed', outcome: 'blocked', categories: ['policy'] },
      { outcome: 'blocked', stage: 'input', reason: 'Content NOT allowed here', categories: ['policy'] },
    ],
    [
      'a member of a success',
      { json: { data: [{ b64_json, nsfw: true }] } },
      { path: 'data.0.nsfw', contains: 'true', outcome: 'blocked', stage: 'output' },
      { outcome: 'blocked', stage: 'output' },
    ],
    [
      'a refusal in words',
      { json: { data: [], text: 'I cannot draw this.' } },
      { path: 'text', outcome: 'refused' },
      { outcome: 'refused', reason: 'I cannot draw this.' },
    ],
    ['an empty answer', { status: 204 }, { status: 204, outcome: 'empty' }, { outcome: 'empty', reason: 'status 204' }],
  ])('maps %s by the rules of the user', async (_, reply, rule, expected) => {
    await using service = await startFakeService(() => reply);
    const refusals: Rule[] = [{ path: '__proto__', outcome: 'refused' }, rule];
    const generation = await generateOne(openaiCompatible, { baseUrl: service.url, family, refusals });
    expect(generation).toMatchObject(expected);
  });

  it.each([
    ['its error codes', { status: 400, json: { error: { code: 'content_policy_violation', message: 'no' } } }, 'input'],
    ['the moderation flag of xAI', { json: { data: [{ url: '', respect_moderation: false }] } }, 'output'],
    [
      'the filter results of Azure',
      { json: { data: [{ content_filter_results: { sexual: { filtered: true, severity: 'high' } } }] } },
      'output',
    ],
  ])('knows %s without a rule', async (_, reply, stage) => {
    await using service = await startFakeService(() => reply);
    expect(await generateOne(openaiCompatible, { baseUrl: service.url, family })).toMatchObject({
      outcome: 'blocked',
      stage,
    });
  });

  it('keeps what the filters of Azure thought of an image that they let through', async () => {
    const content_filter_results = { sexual: { filtered: false, severity: 'low' }, jailbreak: { filtered: false } };
    await using service = await startFakeService(() => ({ json: { data: [{ b64_json, content_filter_results }] } }));
    expect(await generateOne(openaiCompatible, { baseUrl: service.url, family })).toMatchObject({
      outcome: 'image',
      serviceRatings: { sexual: 'low' },
    });
  });

  it('takes the cost that xAI states, unless the user gives a price', async () => {
    const usage = { cost_in_usd_ticks: 200_000_000 };
    await using service = await startFakeService(() => ({ json: { data: [{ b64_json }], usage } }));
    expect(await generateOne(openaiCompatible, { baseUrl: service.url, family })).toMatchObject({ costUsd: 0.02 });
    const priced = { baseUrl: service.url, family, usdPerImage: 0.5 };
    expect(await generateOne(openaiCompatible, priced)).toMatchObject({ costUsd: 0.5 });
  });

  it('calls a success without image empty', async () => {
    await using service = await startFakeService(() => ({ json: { created: 1, data: [] } }));
    expect(await generateOne(openaiCompatible, { baseUrl: service.url, family })).toMatchObject({ outcome: 'empty' });
  });
});
