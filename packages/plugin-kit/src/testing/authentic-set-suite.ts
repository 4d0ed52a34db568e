import type { z } from 'zod';
import type { AuthenticSet } from '../authentic-set.ts';
import type { Plugin } from '../plugin.ts';
import { looksLikeImage } from './generation-checks.ts';
import { abortedSourceFaults, listingDigestFaults, nothingListed, relistingFaults } from './listing-checks.ts';
import { metadataChecks } from './metadata-checks.ts';
import {
  type Check,
  calm,
  collect,
  describeChecks,
  firstDifference,
  runChecks,
  type Subject,
  type SuiteInput,
} from './suite.ts';

/** Options, and what the set is expected to hold. */
export interface AuthenticSetSuiteInput<O extends z.ZodType = z.ZodType> extends SuiteInput<O> {
  /** The suite loads at most this many images. 20 where absent. */
  readonly loads?: number;
}
type AuthenticPlugin<O extends z.ZodType = z.ZodType> = Plugin<'authentic-set', AuthenticSet, O>;
type AuthenticSubject = Subject<AuthenticPlugin, AuthenticSet, AuthenticSetSuiteInput>;

async function listingFaults(subject: AuthenticSubject): Promise<string[]> {
  const images = await collect(subject.instance.images(calm));
  const faults: string[] = [];
  if (images.length === 0) faults.push(nothingListed('image'));
  for (const { key, licence, groupId } of images) {
    if (key.length === 0 || key.length > 2000) faults.push(`the key "${key.slice(0, 80)}" has not 1 to 2000 characters.`);
    if (licence.id.length === 0 || licence.id.length > 300)
      faults.push(`image "${key}" has no licence id of 1 to 300 characters.`);
    if ((groupId?.length ?? 0) > 2000) faults.push(`image "${key}" has a group id longer than 2000 characters.`);
  }
  if (new Set(images.map((image) => image.key)).size !== images.length) faults.push('two images have the same key.');
  return [...faults, ...(await relistingFaults(subject, images, (source) => source.images(calm)))];
}

async function loadFaults({ instance, input }: AuthenticSubject): Promise<string[]> {
  const faults: string[] = [];
  for (const image of (await collect(instance.images(calm))).slice(0, input.loads ?? 20)) {
    const bytes = await instance.load(image, calm);
    if (!looksLikeImage(bytes)) faults.push(`image "${image.key}" is not a JPEG, PNG, WebP, GIF, TIFF or AVIF file.`);
    if (firstDifference(bytes, await instance.load(image, calm), 0) !== undefined)
      faults.push(`image "${image.key}" loaded twice differs.`);
  }
  return faults;
}

const checks: readonly Check<AuthenticSubject>[] = [
  ...metadataChecks('authentic-set'),
  { claim: 'lists licensed images with unique keys, in the same order every time', faults: listingFaults },
  { claim: 'has a stable digest', faults: listingDigestFaults },
  { claim: 'loads the same image file every time', faults: loadFaults },
  {
    claim: 'rejects when aborted',
    faults: ({ instance }) => abortedSourceFaults(instance, 'image', (signal) => instance.images(signal)),
  },
];

const erase = <O extends z.ZodType>(plugin: AuthenticPlugin<O>): AuthenticPlugin => plugin as unknown as AuthenticPlugin;

/** The faults of an authentic set, as sentences; empty where it meets the contract. */
export function checkAuthenticSet<O extends z.ZodType>(
  plugin: AuthenticPlugin<O>,
  input: AuthenticSetSuiteInput<O>,
): Promise<string[]> {
  return runChecks<AuthenticSet, AuthenticPlugin, AuthenticSetSuiteInput>(erase(plugin), input, checks);
}

/** One test for every claim of the contract. */
export function describeAuthenticSet<O extends z.ZodType>(
  plugin: AuthenticPlugin<O>,
  input: AuthenticSetSuiteInput<O>,
): void {
  describeChecks<AuthenticSet, AuthenticPlugin, AuthenticSetSuiteInput>(erase(plugin), input, checks);
}
