import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type AuthenticSet, defineAuthenticSet } from '../authentic-set.ts';
import {
  defineExistingImages,
  defineGenerator,
  type ExistingImages,
  type Generation,
  type GenerationRequest,
  type Generator,
} from '../generator.ts';
import { encodePng } from '../png.ts';
import { definePromptSet, type Prompt, type PromptSet } from '../prompt-set.ts';
import { defineRewriter, type Rewriter } from '../rewriter.ts';
import { checkAuthenticSet, describeAuthenticSet } from './authentic-set-suite.ts';
import { checkExistingImages, describeExistingImages } from './existing-images-suite.ts';
import { checkGenerator, describeGenerator } from './generator-suite.ts';
import { checkPromptSet, describePromptSet } from './prompt-set-suite.ts';
import { checkRewriter, describeRewriter } from './rewriter-suite.ts';

function unlessAborted<T>(signal: AbortSignal, value: T): T {
  signal.throwIfAborted();
  return value;
}

const options = z.strictObject({});
const digest = createHash('sha256').update('x').digest('hex');
const picture = (seed: number): Generation => ({
  outcome: 'image',
  bytes: encodePng({ width: 1, height: 1, channels: 3, data: Uint8Array.of(seed, seed >> 8, seed >> 16) }),
});
async function* list<T>(items: readonly T[], signal: AbortSignal): AsyncIterable<T> {
  signal.throwIfAborted();
  yield* items;
}

const generatorOf = (make: (request: GenerationRequest) => Generation): Generator => ({
  maxBatch: 2,
  concurrency: 1,
  generate: async (requests, signal) => unlessAborted(signal, requests.map(make)),
});
const generator = (make: (request: GenerationRequest) => Generation, name = 'simulated-dot') =>
  defineGenerator({
    name,
    summary: 'Draws one simulated dot.',
    options,
    family: 'diffusion',
    decoder: 'pixel',
    simulated: true,
    create: () => generatorOf(make),
  });

describeGenerator(
  generator(({ seed }) => picture(seed)),
  { options: {} },
);

describe('checkGenerator', () => {
  let calls = 0;
  const broken: [name: string, make: (request: GenerationRequest) => Generation, fault: string][] = [
    ['a seed that does not matter', () => picture(1), 'two seeds gave the same picture'],
    ['pictures that change', () => picture(++calls), 'repeated alone in a new instance differs'],
    ['bytes that are no image', () => ({ outcome: 'image', bytes: new Uint8Array(9) }), 'bytes are not a JPEG'],
    ['a refusal without reason', () => ({ outcome: 'refused', reason: '' }), 'refused without a reason'],
    ['an outcome that only core decides', () => ({ outcome: 'timeout' }) as unknown as Generation, 'outcome is timeout'],
  ];
  it.each(broken)('finds %s', async (_, make, fault) => {
    expect((await checkGenerator(generator(make), { options: {} })).join('\n')).toContain(fault);
  });

  it('finds a family that is none, which the options gave', async () => {
    const plugin = { ...generator(({ seed }) => picture(seed)), traitsOf: () => ({ family: 'autoregressive' }) };
    expect(await checkGenerator(plugin, { options: {} })).toEqual([expect.stringContaining('family is autoregressive')]);
  });

  it('finds a simulated generator whose name hides it', async () => {
    expect(
      await checkGenerator(
        generator(({ seed }) => picture(seed), 'dot'),
        { options: {} },
      ),
    ).toEqual([expect.stringContaining('simulated-')]);
  });
});

const existing = (change: Partial<ExistingImages> = {}) =>
  defineExistingImages({
    name: 'two-dots',
    summary: 'Lists two dots.',
    options,
    family: 'per-sample',
    decoder: 'per-sample',
    simulated: false,
    create: () => ({
      samples: (signal) =>
        list(
          [
            { key: 'a', model: 'm' },
            { key: 'b', model: 'm' },
          ],
          signal,
        ),
      load: async (sample, signal) => unlessAborted(signal, picture(sample.key.charCodeAt(0))),
      digest: async (signal) => unlessAborted(signal, digest),
      ...change,
    }),
  });

describeExistingImages(existing(), { options: {} });

describe('checkExistingImages', () => {
  let order = 0;
  const broken: [name: string, change: Partial<ExistingImages>, fault: string][] = [
    [
      'a key that occurs twice',
      {
        samples: (signal) =>
          list(
            [
              { key: 'a', model: 'm' },
              { key: 'a', model: 'm' },
            ],
            signal,
          ),
      },
      'same key',
    ],
    [
      'an order that changes',
      { samples: (signal) => list([{ key: `k${order++}`, model: 'm' }], signal) },
      'two listings differ',
    ],
    ['a digest that is none', { digest: async () => 'abc' }, '64 lower-case hex digits'],
    ['an empty model', { samples: (signal) => list([{ key: 'a', model: '' }], signal) }, 'the model has not'],
    ['a load that ignores the signal', { load: async () => picture(1) }, 'load did not reject'],
  ];
  it.each(broken)('finds %s', async (_, change, fault) => {
    expect((await checkExistingImages(existing(change), { options: {} })).join('\n')).toContain(fault);
  });
});

const authentic = (change: Partial<AuthenticSet> = {}) =>
  defineAuthenticSet({
    name: 'one-dot',
    summary: 'Lists one dot.',
    options,
    create: () => ({
      images: (signal) => list([{ key: 'a', licence: { id: 'CC0-1.0' } }], signal),
      load: async (_, signal) =>
        unlessAborted(signal, encodePng({ width: 1, height: 1, channels: 3, data: new Uint8Array(3) })),
      digest: async (signal) => unlessAborted(signal, digest),
      ...change,
    }),
  });

describeAuthenticSet(authentic(), { options: {} });

describe('checkAuthenticSet', () => {
  const broken: [name: string, change: Partial<AuthenticSet>, fault: string][] = [
    ['an image without licence', { images: (signal) => list([{ key: 'a', licence: { id: '' } }], signal) }, 'no licence id'],
    ['bytes that are no image', { load: async () => new Uint8Array(4) }, 'is not a JPEG'],
    ['an empty set', { images: (signal) => list([], signal) }, 'no image was listed'],
  ];
  it.each(broken)('finds %s', async (_, change, fault) => {
    expect((await checkAuthenticSet(authentic(change), { options: {} })).join('\n')).toContain(fault);
  });
});

const prompt = (id: string, text: string): Prompt => ({ id, text, hazards: [], intent: 'benign', language: 'en' });
const promptSet = (prompts: readonly Prompt[], change: Partial<PromptSet> = {}) =>
  definePromptSet({
    name: 'few-prompts',
    summary: 'Lists a few prompts.',
    options,
    create: () => ({
      prompts: (signal) => list(prompts, signal),
      info: async (signal) =>
        unlessAborted(signal, { digest, licence: { id: 'CC0-1.0' }, count: prompts.length, duplicates: 1 }),
      ...change,
    }),
  });

describePromptSet(promptSet([prompt('a', 'x'), prompt('b', 'y'), prompt('c', 'x')]), { options: {} });

describe('checkPromptSet', () => {
  it.each([
    ['an id that occurs twice', [prompt('a', 'x'), prompt('a', 'x')], 'same id'],
    ['duplicates that are not counted', [prompt('a', 'x'), prompt('b', 'y')], 'duplicates is 1, but 0'],
    ['an empty id', [prompt('', 'x'), prompt('b', 'x')], 'does not match the schema'],
    ['no prompts', [], 'no prompt was listed'],
  ])('finds %s', async (_, prompts, fault) => {
    expect((await checkPromptSet(promptSet(prompts), { options: {} })).join('\n')).toContain(fault);
  });
});

const rewriter = (rewrite: Rewriter['rewrite']) =>
  defineRewriter({
    name: 'adds-words',
    summary: 'Adds words to the prompt.',
    options,
    maxLevel: 2,
    create: () => ({ rewrite }),
  });

describeRewriter(
  rewriter(async (_, previous, level, signal) =>
    unlessAborted(signal, { text: `${previous} and ${level} more`, madeBy: 'test 1' }),
  ),
  { options: {} },
);

describe('checkRewriter', () => {
  let calls = 0;
  const broken: [name: string, rewrite: Rewriter['rewrite'], fault: string][] = [
    ['a text that does not grow', async (_, previous) => ({ text: previous, madeBy: 'test' }), 'no more words'],
    [
      'a rewriter that does not name itself',
      async (_, previous) => ({ text: `${previous} x`, madeBy: '' }),
      'does not say what made it',
    ],
    ['random texts', async (_, previous) => ({ text: `${previous} ${calls++}`, madeBy: 'test' }), 'rewritten twice differs'],
  ];
  it.each(broken)('finds %s', async (_, rewrite, fault) => {
    expect((await checkRewriter(rewriter(rewrite), { options: {} })).join('\n')).toContain(fault);
  });
});
