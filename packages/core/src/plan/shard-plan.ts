/**
 * One study over several machines: each shard takes whole clusters of prompts, so that no prompt's samples, rewritings
 * or statistics are torn apart, and every index is the one it has on a single machine.
 */
import { createHash } from 'node:crypto';
import { DiptychError } from '@diptych/plugin-kit';
import type { RunPlan } from './run-plan.ts';

/** As in the manifest: `index` counts from 0. */
export interface Shard {
  readonly index: number;
  readonly of: number;
}

const mostShards = 10_000;

/** `2/3`, counted from 1 as on the command line. Throws USAGE. */
export function parseShard(text: string): Shard {
  const [, number, of] = /^([1-9]\d{0,4})\/([1-9]\d{0,4})$/.exec(text)?.map(Number) ?? [];
  if (number !== undefined && of !== undefined && number <= of && of <= mostShards) return { index: number - 1, of };
  throw new DiptychError(
    'USAGE',
    `Expected a shard such as 1/3, with the first number from 1 to the second and at most ${mostShards} of them, received "${text}". Correct --shard.`,
  );
}

/** The shard of a name: the first 48 bits of its SHA-256 modulo the number of shards. */
export const shardOfName = (name: string, of: number): number =>
  createHash('sha256').update(name).digest().readUIntBE(0, 6) % of;

/** Samples go with their cluster. */
export const isSampleOfShard = (cluster: string, { index, of }: Shard): boolean => shardOfName(cluster, of) === index;

/** Every shard imports all authentic images (`fakes-matched` needs their formats) and scores these. Takes what the record holds. */
export const isAuthenticOfShard = ({ set, key }: { readonly set: string; readonly key: string }, shard: Shard): boolean =>
  shardOfName(`authentic ${set}/${key}`, shard.of) === shard.index;

/** The part of a whole plan that a shard collects. Counts of `counts` stay those of the whole study. */
export function shardPlan(plan: RunPlan, shard: Shard): RunPlan {
  const own = new Uint8Array(plan.samples);
  const decided = new Map<string, boolean>();
  const ranges = plan.ranges.map((range) => {
    let ownCount = 0;
    for (let index = range.first; index < range.first + range.count; index++) {
      const { cluster } = plan.sampleAt(index);
      const isOwn = decided.get(cluster) ?? isSampleOfShard(cluster, shard);
      decided.set(cluster, isOwn);
      if (!isOwn) continue;
      own[index] = 1;
      ownCount += 1;
    }
    return { ...range, ownCount };
  });
  return {
    ...plan,
    ranges,
    samples: ranges.reduce((sum, { ownCount }) => sum + ownCount, 0),
    shard: { ...shard, samples: plan.samples },
    includes: (index) => own[index] === 1,
  };
}
