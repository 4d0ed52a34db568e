/** Calls a generator as core does, against a service on loopback. */
import type { Generation, GenerationRequest, Generator, GeneratorTraits, Plugin } from '@diptych/plugin-kit';
import { fakeContext, sampleRequests } from '@diptych/plugin-kit/testing';
import type { z } from 'zod';
import type { ReceivedRequest } from './fake-service.ts';

/** A whole PNG of one pixel. */
export const tinyPng: Uint8Array = new Uint8Array(
  Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==', 'base64'),
);
export const tinyPngBase64: string = Buffer.from(tinyPng).toString('base64');

/** The key in every test; nothing but the API may ever see it. */
export const testKey = 'planted-key-0123456789';

export const png = { body: tinyPng, headers: { 'content-type': 'image/png' } };

/** Every variable holds the test key. */
export const testContext = (baseFolder = process.cwd()) => ({
  ...fakeContext({ fetch, baseFolder }),
  secret: () => testKey,
});

/** A harmless request; its members can be replaced. */
export const requestOf = (members: Partial<GenerationRequest> = {}): GenerationRequest => ({
  ...sampleRequests()[0]!,
  ...members,
});

export async function generateOne<O extends z.ZodType>(
  plugin: Plugin<'generator', Generator, O> & GeneratorTraits,
  options: z.input<O>,
  { request = requestOf(), signal = AbortSignal.timeout(20_000), baseFolder = process.cwd() } = {},
): Promise<Generation> {
  const instance = await plugin.create(plugin.options.parse(options), testContext(baseFolder));
  const generation = (await instance.generate([request], signal))[0]!;
  // A plain array, so that it compares equal to `tinyPng` whatever kind of view the bytes came in.
  return generation.outcome === 'image' ? { ...generation, bytes: new Uint8Array(generation.bytes) } : generation;
}

/** What the call was rejected with; fails the test where it was not. */
export async function faultOf(call: Promise<unknown>): Promise<Error & Record<string, unknown>> {
  try {
    await call;
  } catch (error) {
    return error as Error & Record<string, unknown>;
  }
  throw new Error('Expected the call to be rejected, it was answered.');
}

/** Whether any header or the address of a request holds the key. */
export const holdsKey = ({ headers, query }: ReceivedRequest): boolean =>
  `${JSON.stringify(headers)}${query}`.includes(testKey);
