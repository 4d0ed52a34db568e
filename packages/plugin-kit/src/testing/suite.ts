/**
 * How a conformance suite is made: a list of checks, each a claim and a function that lists the faults it found.
 * `describeX` turns every claim into a test; `checkX` runs all of them and returns the faults, for tools that
 * judge a plugin outside a test run and for the tests of the suites themselves.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { z } from 'zod';
import type { MaybeDisposable, Plugin, PluginContext, PluginKind } from '../plugin.ts';
import { fakeContext } from './fake-context.ts';

export interface Check<Subject> {
  /** Completes "the plugin …". */
  readonly claim: string;
  /** Sentences, one for each fault; empty where the claim holds. */
  faults(subject: Subject): readonly string[] | Promise<readonly string[]>;
}

/** What every suite is given beside its sample inputs. */
export interface SuiteInput<O extends z.ZodType = z.ZodType> {
  readonly options: z.input<O>;
  /** `fakeContext()` where absent. Called once for every instance that is made. */
  readonly context?: (() => PluginContext | Promise<PluginContext>) | undefined;
}

/** A plugin under test with the type of its options left out: suites handle options only as the schema does. */
export type Tested<Instance> = Plugin<PluginKind, Instance>;

export interface Subject<P, Instance, Input> {
  readonly plugin: P;
  readonly instance: Instance;
  readonly input: Input;
  /** Another instance with the same options, disposed with the first. */
  readonly another: () => Promise<Instance>;
}

interface Workshop<S> {
  readonly subject: S;
  close(): Promise<void>;
}

async function open<I extends MaybeDisposable, P extends Tested<I>, Input extends SuiteInput>(
  plugin: P,
  input: Input,
): Promise<Workshop<Subject<P, I, Input>>> {
  const made: I[] = [];
  const make = async (): Promise<I> => {
    const instance = await plugin.create(plugin.options.parse(input.options), await (input.context ?? fakeContext)());
    made.push(instance);
    return instance;
  };
  return {
    subject: { plugin: inRun(plugin, input.options), instance: await make(), input, another: make },
    async close() {
      for (const instance of made) await instance[Symbol.asyncDispose]?.();
    },
  };
}

/** The plugin with the traits that it has under the options of the test, as in a run. */
function inRun<P extends Tested<unknown>>(plugin: P, options: unknown): P {
  return plugin.traitsOf ? { ...plugin, ...plugin.traitsOf(plugin.options.parse(options)) } : plugin;
}

/** Faults of one check; a check that throws has found a fault. */
async function faultsOf<S>(check: Check<S>, subject: S): Promise<readonly string[]> {
  try {
    return await check.faults(subject);
  } catch (error) {
    return [`It threw: ${error instanceof Error ? error.message : String(error)}`];
  }
}

/** Runs all checks and returns `claim: fault` for each fault. */
export async function runChecks<I extends MaybeDisposable, P extends Tested<I>, Input extends SuiteInput>(
  plugin: P,
  input: Input,
  checks: readonly Check<Subject<P, I, Input>>[],
): Promise<string[]> {
  const workshop = await open<I, P, Input>(plugin, input);
  const found: string[] = [];
  for (const check of checks)
    found.push(...(await faultsOf(check, workshop.subject)).map((fault) => `${check.claim}: ${fault}`));
  await workshop.close();
  return found;
}

/** One test for every check, on one instance that is made before and disposed after. */
export function describeChecks<I extends MaybeDisposable, P extends Tested<I>, Input extends SuiteInput>(
  plugin: P,
  input: Input,
  checks: readonly Check<Subject<P, I, Input>>[],
): void {
  describe(`${plugin.kind}/${plugin.name}`, () => {
    let workshop: Workshop<Subject<P, I, Input>> | undefined;
    beforeAll(async () => {
      workshop = await open<I, P, Input>(plugin, input);
    });
    afterAll(async () => {
      await workshop?.close();
    });
    it.each(checks)('$claim', async (check) => {
      expect(await check.faults(workshop!.subject)).toEqual([]);
    });
  });
}

/** A signal that is never aborted. */
export const calm: AbortSignal = new AbortController().signal;

/** A fault unless the call rejects. */
export async function rejects(call: () => Promise<unknown>, what: string): Promise<string[]> {
  try {
    await call();
  } catch {
    // Any rejection will do: an aborted call may carry the signal's reason or an error of its own.
    return [];
  }
  return [`${what} did not reject although its signal was aborted. Call signal.throwIfAborted() before working.`];
}

/** Splits into pieces of at most `size`, as core does with `maxBatch`. */
export function chunks<T>(items: readonly T[], size: number): (readonly T[])[] {
  const step = Number.isSafeInteger(size) && size >= 1 ? size : 1;
  return Array.from({ length: Math.ceil(items.length / step) }, (_, i) => items.slice(i * step, (i + 1) * step));
}

/** All items of a stream, in order. */
export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** Equal structure with numbers equal within `tolerance`; returns where they first differ. */
export function firstDifference(a: unknown, b: unknown, tolerance: number, path = 'result'): string | undefined {
  if (typeof a === 'number' && typeof b === 'number')
    return Math.abs(a - b) <= tolerance || Object.is(a, b) ? undefined : `${path} is ${a} and ${b}`;
  if (a instanceof Uint8Array && b instanceof Uint8Array)
    return Buffer.compare(a, b) === 0 ? undefined : `${path} differs in bytes`;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null)
    return a === b ? undefined : `${path} is ${String(a)} and ${String(b)}`;
  for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) {
    const found = firstDifference(
      (a as Record<string, unknown>)[key],
      (b as Record<string, unknown>)[key],
      tolerance,
      `${path}.${key}`,
    );
    if (found !== undefined) return found;
  }
  return undefined;
}

export const isScore = (value: unknown): boolean => typeof value === 'number' && value >= 0 && value <= 1;
export const isPositiveInteger = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 1;
export const isDigest = (value: unknown): boolean => typeof value === 'string' && /^[0-9a-f]{64}$/.test(value);
