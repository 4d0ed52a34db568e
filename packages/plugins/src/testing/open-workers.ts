/** For tests: workers in Python that draw coloured squares, or answer whatever a test wants of them. */
import { fileURLToPath } from 'node:url';
import { type Generator, InfrastructureError, type PluginContext } from '@diptych/plugin-kit';
import { fakeContext } from '@diptych/plugin-kit/testing';
import { afterEach, expect } from 'vitest';
import type { z } from 'zod';
import worker from '../generators/worker.ts';
import { requestOf } from './requests.ts';

/** The folder of their scripts. */
export const workers = fileURLToPath(new URL('workers', import.meta.url));
export const colours = { script: 'colours.py', family: 'diffusion', decoder: 'pixel' } as const;
export const workerContext = (secrets: Record<string, string> = {}): PluginContext =>
  fakeContext({ baseFolder: workers, secrets });

/** Call it in a test file, outside of tests: what a test opens ends with it. */
export function openWorkers() {
  const opened: Generator[] = [];
  afterEach(async () => {
    for (const generator of opened.splice(0)) await generator[Symbol.asyncDispose]?.();
  });
  const calm = new AbortController().signal;
  return {
    /** `colours` where the options name no other. */
    async open(options: Partial<z.input<typeof worker.options>> = {}, given = workerContext()): Promise<Generator> {
      const generator = await worker.create(worker.options.parse({ ...colours, ...options }), given);
      opened.push(generator);
      return generator;
    },
    ask: async (generator: Generator, ...prompts: string[]) =>
      generator.generate(
        prompts.map((prompt, index) => requestOf({ prompt, index, seed: 7 + index })),
        calm,
      ),
    /** What the work rejects with, which must be an infrastructure fault. */
    async faultOf(work: Promise<unknown>): Promise<InfrastructureError> {
      const fault = await work.then(
        () => expect.unreachable('it answered'),
        (error: unknown) => error,
      );
      expect(fault).toBeInstanceOf(InfrastructureError);
      return fault as InfrastructureError;
    },
  };
}
