/** What every generator that calls a service must do with faults, against a real server on loopback. */
import { type Generator, type GeneratorTraits, InfrastructureError, type Plugin } from '@diptych/plugin-kit';
import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { generateOne, testKey } from './drive-generator.ts';
import { type ReplyOf, startFakeService } from './fake-service.ts';

type GeneratorPlugin<O extends z.ZodType> = Plugin<'generator', Generator, O> & GeneratorTraits;

interface Fault {
  readonly what: string;
  readonly reply: ReplyOf;
  readonly expected: Partial<Pick<InfrastructureError, 'retryable' | 'rateLimited' | 'retryAfterMs'>>;
}

export const serviceFaults: readonly Fault[] = [
  {
    what: 'a rejected key',
    reply: { status: 401, json: { error: { message: `bad key ${testKey}` } } },
    expected: { retryable: false },
  },
  {
    what: 'too many calls, with the wait it asks for',
    reply: { status: 429, headers: { 'retry-after': '7' }, json: { error: { message: 'slow down' } } },
    expected: { retryable: true, rateLimited: true, retryAfterMs: 7000 },
  },
  { what: 'a broken server', reply: { status: 500, body: 'oops' }, expected: { retryable: true, rateLimited: false } },
  {
    what: 'a busy server',
    reply: { status: 503, headers: { 'retry-after': '1' }, body: 'busy' },
    expected: { retryable: true, rateLimited: true },
  },
  { what: 'a lost connection', reply: { hangUp: true }, expected: { retryable: true } },
  {
    what: 'an unknown model',
    reply: { status: 404, json: { error: { message: 'no such model' } } },
    expected: { retryable: false },
  },
  { what: 'a malformed answer', reply: { body: '{"data": [' }, expected: { retryable: false } },
  { what: 'an answer of another shape', reply: { json: ['?'] }, expected: { retryable: false } },
  {
    what: 'an answer too large to hold',
    reply: { headers: { 'content-length': String(2 ** 30) }, body: '{' },
    expected: { retryable: false },
  },
];

/** One test for each kind of fault; `optionsOf` builds options that lead to the address. */
export function describeServiceFaults<O extends z.ZodType>(
  plugin: GeneratorPlugin<O>,
  optionsOf: (url: string) => z.input<O>,
): void {
  describe(`generator/${plugin.name} throws a fault, never an outcome`, () => {
    it.each(serviceFaults)('for $what', async ({ reply, expected }) => {
      await using fake = await startFakeService(() => reply);
      const fault = await generateOne(plugin, optionsOf(fake.url)).catch((error: unknown) => error);
      expect(fault).toBeInstanceOf(InfrastructureError);
      expect(fault).toMatchObject(expected);
      expect(String(fault)).not.toContain(testKey);
      expect(fake.received[0]!.body.toString('latin1')).not.toContain(testKey);
    });

    it('and makes no second call by itself', async () => {
      await using fake = await startFakeService(() => ({ status: 500 }));
      await generateOne(plugin, optionsOf(fake.url)).catch(() => undefined);
      expect(fake.received).toHaveLength(1);
    });
  });
}
