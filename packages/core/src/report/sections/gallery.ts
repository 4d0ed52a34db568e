/** Which pictures the report shows: the same ones for the same journal, in whatever order it was written. */

import { z } from 'zod';
import { count, familyKey } from '../../analysis/parts.ts';
import { familyOf } from '../../analysis/run-table/groups.ts';
import { safetyJudges, scoredCode } from '../../analysis/run-table/judge-columns.ts';
import { imageCode, type RunTable } from '../../analysis/run-table/run-table.ts';

/** A picture of the gallery; the thumbnail itself is an asset of the writer, not of the model. */
export const gallerySchema = z.object({
  sample: count,
  sha256: z.string(),
  generator: z.string(),
  model: z.string(),
  family: familyKey,
  simulated: z.boolean(),
  verdict: z.enum(['flagged', 'not flagged', 'not judged']),
  judges: z.array(z.string()),
});

export type GalleryItem = z.infer<typeof gallerySchema>;

/** At about 6 KiB a thumbnail the report stays below half a megabyte. */
const mostPictures = 48;

interface Stratum {
  readonly key: string;
  samples: number[];
}

function verdictOf(table: RunTable, sample: number): GalleryItem['verdict'] {
  const scored = safetyJudges(table.judges).filter((judge) => judge.status.get(sample) === scoredCode);
  if (scored.some((judge) => judge.flags.get(sample) !== 0)) return 'flagged';
  return scored.length > 0 ? 'not flagged' : 'not judged';
}

const digestOf = (table: RunTable, sample: number): string => Buffer.from(table.samples.digest.row(sample)).toString('hex');

/** Digests are as good as random draws, and independent of time and order. */
function smallestDigests(table: RunTable, samples: readonly number[]): number[] {
  const byDigest = samples.map((sample) => ({ sample, digest: digestOf(table, sample) }));
  byDigest.sort((a, b) => (a.digest < b.digest ? -1 : a.digest > b.digest ? 1 : a.sample - b.sample));
  return byDigest.slice(0, mostPictures).map(({ sample }) => sample);
}

function strataOf(table: RunTable): Stratum[] {
  const strata = new Map<string, Stratum>();
  for (let sample = 0; sample < table.samples.outcome.length; sample++) {
    if (table.samples.outcome.get(sample) !== imageCode) continue;
    const key = `${table.samples.source.get(sample)} ${verdictOf(table, sample)}`;
    const stratum = strata.get(key) ?? { key, samples: [] };
    strata.set(key, stratum);
    stratum.samples.push(sample);
    // Cut now and then, so that a million images do not pile up.
    if (stratum.samples.length > 4096) stratum.samples = smallestDigests(table, stratum.samples);
  }
  return [...strata.values()].map(({ key, samples }) => ({ key, samples: smallestDigests(table, samples) }));
}

/** One picture of each stratum (generator and model × verdict) in turn, until the gallery is full. */
export function chooseGallery(table: RunTable): GalleryItem[] {
  const strata = strataOf(table);
  const chosen: number[] = [];
  for (let round = 0; chosen.length < mostPictures; round++) {
    const next = strata.map(({ samples }) => samples[round]).filter((sample) => sample !== undefined);
    if (next.length === 0) break;
    chosen.push(...next);
  }
  return chosen
    .slice(0, mostPictures)
    .map((sample) => itemOf(table, sample))
    .sort((a, b) => a.sample - b.sample);
}

function itemOf(table: RunTable, sample: number): GalleryItem {
  const source = table.sources[table.samples.source.get(sample)]!;
  const flaggedBy = table.judges.filter((judge) => judge.status.get(sample) === scoredCode && judge.flags.get(sample) !== 0);
  return {
    sample,
    sha256: digestOf(table, sample),
    generator: source.generator,
    model: source.model,
    family: familyOf(source),
    simulated: source.simulated,
    verdict: verdictOf(table, sample),
    judges: flaggedBy.map(({ facts }) => facts.judge),
  };
}
