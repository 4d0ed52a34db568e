/** What suites check of whatever lists something: prompt sets, authentic sets and existing images. */
import { calm, collect, firstDifference, isDigest, rejects, type Subject } from './suite.ts';

type Instances<I> = Pick<Subject<unknown, I, unknown>, 'instance' | 'another'>;

/** `what` is the word for one item. */
export const nothingListed = (what: string): string => `no ${what} was listed; give options that list some.`;

/** Faults of order: this instance and another with the same options list what was listed first. */
export async function relistingFaults<I, T>(
  { instance, another }: Instances<I>,
  listed: readonly T[],
  list: (instance: I) => AsyncIterable<T>,
): Promise<string[]> {
  const faults: string[] = [];
  for (const source of [instance, await another()]) {
    const difference = firstDifference(listed, await collect(list(source)), 0, 'listing');
    if (difference !== undefined) faults.push(`two listings differ: ${difference}.`);
  }
  return faults;
}

/** Faults of a listing's digest: 64 hex digits, the same from every instance. */
export async function listingDigestFaults({
  instance,
  another,
}: Instances<{ digest(signal: AbortSignal): Promise<string> }>): Promise<string[]> {
  const digest = await instance.digest(calm);
  if (!isDigest(digest)) return [`the digest "${digest}" is not 64 lower-case hex digits.`];
  return digest === (await (await another()).digest(calm)) ? [] : ['two instances give different digests.'];
}

interface Loadable<T> {
  load(item: T, signal: AbortSignal): Promise<unknown>;
  digest(signal: AbortSignal): Promise<string>;
}

/** Faults of a source that works on where its signal is aborted: listing, loading of the first item, digest. */
export async function abortedSourceFaults<T>(
  source: Loadable<T>,
  what: string,
  list: (signal: AbortSignal) => AsyncIterable<T>,
): Promise<string[]> {
  const [first] = await collect(list(calm));
  if (first === undefined) return [nothingListed(what)];
  return [
    ...(await rejects(() => collect(list(AbortSignal.abort())), `${what}s`)),
    ...(await rejects(() => source.load(first, AbortSignal.abort()), 'load')),
    ...(await rejects(() => source.digest(AbortSignal.abort()), 'digest')),
  ];
}
