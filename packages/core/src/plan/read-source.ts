/** What planning asks of prompt sets, imports and authentic sets: their faults are named as theirs, and no list is endless. */
import { DiptychError, isDiptychError, licenceSchema } from '@diptych/plugin-kit';
import { z } from 'zod';
import type { LoadedPlugin } from '../plugins/loaded-study.ts';
import { describeError } from '../text/describe-error.ts';
import { describeIssues } from '../text/describe-issues.ts';
import { systemFault } from '../text/system-fault.ts';

/** Far above any published set; a list that never ends is told instead of filling memory. Arbitrary. */
export const maxListed = 2_000_000;
/** Text of all prompts of one list, in UTF-16 code units: planning holds it in memory. Arbitrary. */
export const maxListedText = 2 ** 28;

export const digestSchema = z.string().regex(/^[0-9a-f]{64}$/, 'a SHA-256 in lower-case hex');
export const promptFactsSchema = z.looseObject({
  digest: digestSchema,
  duplicates: z.int().nonnegative(),
  licence: licenceSchema,
  unmappedLabels: z.record(z.string().max(200), z.int().positive()).optional(),
});

function fault({ alias }: LoadedPlugin, error: unknown): DiptychError {
  const known = isDiptychError(error)
    ? error
    : new DiptychError(
        'PLUGIN_BROKE_CONTRACT',
        `Expected ${alias} to list what it has, it threw: ${describeError(error)}. Correct the plugin or its input.`,
        { cause: error },
      );
  // A folder that cannot be listed for want of descriptors is not a wrong folder.
  return systemFault(known, `to let ${alias} list what it has`) ?? known;
}

export interface ListedOptions {
  readonly signal: AbortSignal;
  /** Size of the text that an item holds. */
  readonly sizeOf?: (item: unknown) => number;
}

/** The items of a plugin's list. Throws PLUGIN_BROKE_CONTRACT where it throws or has no end, SYSTEM_FAULT where the machine fails. */
export async function* listed<T>(
  plugin: LoadedPlugin,
  items: AsyncIterable<T>,
  { signal, sizeOf = () => 0 }: ListedOptions,
): AsyncGenerator<T> {
  let count = 0;
  let text = 0;
  try {
    for await (const item of items) {
      count += 1;
      text += sizeOf(item);
      if (count > maxListed || text > maxListedText) throw endless(plugin);
      // A list without any real wait would keep the process from hearing signals.
      if (count % 10_000 === 0) await new Promise((resolve) => setImmediate(resolve));
      signal.throwIfAborted();
      yield item;
    }
  } catch (error) {
    signal.throwIfAborted();
    throw fault(plugin, error);
  }
}

const endless = ({ alias }: LoadedPlugin): DiptychError =>
  new DiptychError(
    'PLUGIN_BROKE_CONTRACT',
    `Expected ${alias} to list at most ${maxListed} items with ${maxListedText} characters of text, it lists more. Split it into several studies, or correct the plugin.`,
  );

/** Calls `ask`; what a plugin throws becomes an error that names it. */
export async function asked<T>(plugin: LoadedPlugin, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    throw fault(plugin, error);
  }
}

export function checkFacts<T>(alias: string, schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new DiptychError(
    'PLUGIN_BROKE_CONTRACT',
    `Expected facts of ${alias} that match their schema: ${describeIssues(parsed.error)}. Correct the plugin.`,
  );
}
