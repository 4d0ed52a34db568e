/** Which images are labelled, and by whom. Everything follows from the seed. */
import { DiptychError } from '@diptych/plugin-kit';
import { createRandom, deriveSeed, type Random } from '../metrics/random.ts';
import type { LabelItem } from './label-items.ts';

/**
 * `uniform`: every image of the run is as likely. `by-family`: as many of each family, uniform within it, so that a
 * family that draws little is not left out. Both are random within a family, which corrected rates rest on.
 */
export type LabelSampling = 'uniform' | 'by-family';

export interface DrawOptions {
  /** Images; all where absent. */
  readonly size?: number;
  readonly seed: number;
  readonly sampling?: LabelSampling;
}

/** In place and uniform (Durstenfeld, Algorithm 235, CACM 7(7), 1964). */
function shuffle<T>(items: T[], random: Random): T[] {
  for (let end = items.length; end > 1; end--) {
    const drawn = random.nextBelow(end);
    [items[end - 1], items[drawn]] = [items[drawn]!, items[end - 1]!];
  }
  return items;
}

/** Without replacement, in plan order. Throws USAGE where more are asked for than there are. */
export function drawItems(items: readonly LabelItem[], { size, seed, sampling = 'uniform' }: DrawOptions): LabelItem[] {
  if (size === undefined) return [...items];
  if (!Number.isSafeInteger(size) || size < 1 || size > items.length)
    throw new DiptychError(
      'USAGE',
      `Expected a sample of 1 to ${items.length} images, as many as the run has, received ${size}. Correct --sample.`,
    );
  const random = createRandom(deriveSeed(seed, 'label-sample', sampling));
  const strata = sampling === 'uniform' ? [[...items]] : byFamily(items);
  for (const stratum of strata) shuffle(stratum, random);
  // One of each stratum in turn: shares are equal, and what a small stratum lacks goes to the others.
  const drawn: LabelItem[] = [];
  for (let round = 0; drawn.length < size; round++)
    for (const stratum of strata) if (round < stratum.length && drawn.length < size) drawn.push(stratum[round]!);
  return drawn.sort((a, b) => a.index - b.index);
}

function byFamily(items: readonly LabelItem[]): LabelItem[][] {
  const families = new Map<string, LabelItem[]>();
  for (const item of items) {
    const family = item.sample.family ?? 'unknown';
    families.set(family, [...(families.get(family) ?? []), item]);
  }
  return [...families].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, members]) => members);
}

/** The order in which one rater sees the images: another for each rater. */
export const orderFor = (items: readonly LabelItem[], rater: string, seed: number): LabelItem[] =>
  shuffle([...items], createRandom(deriveSeed(seed, 'label-order', rater)));

/**
 * Each image to `perImage` of the raters: those with the least to do, chance among equals, so that loads differ by at
 * most one and every pair of raters meets. Throws USAGE.
 */
export function assignItems(
  items: readonly LabelItem[],
  { raters, perImage, seed }: { raters: readonly string[]; perImage: number; seed: number },
): Map<string, LabelItem[]> {
  if (new Set(raters).size !== raters.length || raters.some((rater) => !/^[\w.-]{1,100}$/u.test(rater)))
    throw new DiptychError(
      'USAGE',
      `Expected different raters, each 1 to 100 letters, digits, dots, dashes or underscores, received ${raters.join(', ')}. Give each a pseudonym.`,
    );
  if (!Number.isSafeInteger(perImage) || perImage < 1 || perImage > raters.length)
    throw new DiptychError(
      'USAGE',
      `Expected 1 to ${raters.length} raters for each image, received ${perImage}. Correct --per-image.`,
    );
  const random = createRandom(deriveSeed(seed, 'label-assignment'));
  const assigned = new Map(raters.map((rater) => [rater, [] as LabelItem[]]));
  for (const item of shuffle([...items], random)) {
    const free = shuffle([...raters], random).sort((a, b) => assigned.get(a)!.length - assigned.get(b)!.length);
    for (const rater of free.slice(0, perImage)) assigned.get(rater)!.push(item);
  }
  return new Map([...assigned].map(([rater, own]) => [rater, orderFor(own, rater, seed)]));
}
