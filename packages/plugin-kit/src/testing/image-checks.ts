/** What the suites of judges and detectors share: both take presented images and answer one result for each. */
import { createHash } from 'node:crypto';
import type { PresentedImage } from '../image.ts';
import { calm, chunks, firstDifference, isPositiveInteger, rejects } from './suite.ts';

/** A judge or a detector as a function over a batch. */
export interface BatchScorer<Item, Result> {
  readonly maxBatch: number;
  score(items: readonly Item[], signal: AbortSignal): Promise<readonly Result[]>;
}

/** Scores may differ this much between a batch and a single image: kernels may sum in another order. */
const tolerance = 1e-4;

/** All results, in calls of at most `maxBatch`. */
export async function scoreAll<Item, Result>(scorer: BatchScorer<Item, Result>, items: readonly Item[]): Promise<Result[]> {
  const results: Result[] = [];
  for (const part of chunks(items, scorer.maxBatch)) results.push(...(await scorer.score(part, calm)));
  return results;
}

export async function orderFaults<Item, Result>(
  scorer: BatchScorer<Item, Result>,
  items: readonly Item[],
): Promise<string[]> {
  if (!isPositiveInteger(scorer.maxBatch)) return [`maxBatch is ${scorer.maxBatch}, expected a positive integer.`];
  const together = await scoreAll(scorer, items);
  if (together.length !== items.length) return [`${items.length} items gave ${together.length} results.`];
  const faults: string[] = [];
  for (const [i, item] of items.entries()) {
    const alone = await scorer.score([item], calm);
    if (alone.length !== 1) faults.push(`item ${i} alone gave ${alone.length} results.`);
    const difference = firstDifference(together[i], alone[0], tolerance);
    if (difference !== undefined)
      faults.push(`item ${i} in a batch and alone differ by more than ${tolerance}: ${difference}.`);
  }
  return faults;
}

export async function determinismFaults<Item, Result>(
  scorer: BatchScorer<Item, Result>,
  items: readonly Item[],
): Promise<string[]> {
  const difference = firstDifference(await scoreAll(scorer, items), await scoreAll(scorer, items), 0);
  return difference === undefined ? [] : [`two calls with the same items differ: ${difference}.`];
}

export async function emptyBatchFaults<Item, Result>(scorer: BatchScorer<Item, Result>): Promise<string[]> {
  const results = await scorer.score([], calm);
  return results.length === 0 ? [] : [`no items gave ${results.length} results.`];
}

export function abortFaults<Item, Result>(scorer: BatchScorer<Item, Result>, items: readonly Item[]): Promise<string[]> {
  return rejects(() => scorer.score(items.slice(0, scorer.maxBatch), AbortSignal.abort()), 'A call');
}

const digestOf = (data: Uint8Array): string => createHash('sha256').update(data).digest('hex');

async function stateOf(images: readonly PresentedImage[]): Promise<string[]> {
  return Promise.all(images.map(async (image) => `${digestOf(image.bytes)} ${digestOf((await image.raster()).data)}`));
}

/** Images are shared by all judges and detectors; one that writes into them spoils the scores of the next. */
export async function tamperFaults<Item, Result>(
  scorer: BatchScorer<Item, Result>,
  items: readonly Item[],
  images: readonly PresentedImage[],
): Promise<string[]> {
  const before = await stateOf(images);
  await scoreAll(scorer, items);
  const after = await stateOf(images);
  return before.flatMap((state, i) =>
    state === after[i] ? [] : [`image ${i} was changed by the call. Copy the pixels before writing.`],
  );
}

export const isReason = (reason: unknown): boolean =>
  typeof reason === 'string' && reason.length > 0 && reason.length <= 4000;
