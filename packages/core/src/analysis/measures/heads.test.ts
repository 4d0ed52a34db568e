import type { SampleRecord } from '@diptych/plugin-kit';
import { describe, expect, it } from 'vitest';
import { createRandom, deriveSeed } from '../../metrics/random.ts';
import { ownAndOthers } from '../../report/sections/transfer.ts';
import { evenTraces, plantedDetection } from '../../testing/planted-detection.ts';
import { collectRunTable } from '../run-table/collect-run-table.ts';
import { groupsOf } from '../run-table/groups.ts';
import type { RunTable } from '../run-table/run-table.ts';
import { detectionScores } from './detection-scores.ts';
import {
  calledBy,
  foldBySample,
  HeadBank,
  leastImagesOfUnit,
  type MeasuredFrame,
  measuredFrame,
  mostTrainingImages,
  mostUnits,
  scoreWith,
  trainingRows,
} from './heads.ts';

type Options = Parameters<typeof plantedDetection>[0];

async function framed(options: Partial<Options> = {}): Promise<{ table: RunTable; frame: MeasuredFrame }> {
  const { manifest, records } = plantedDetection({
    prompts: 20,
    authenticImages: 24,
    seed: 5,
    traces: evenTraces,
    levels: [0, 1, 2],
    ...options,
  });
  // A third of the samples is gone, so that prompts are uneven, as after refusals.
  const random = createRandom(deriveSeed('gaps', options.seed ?? 5));
  const gone = new Set(
    records
      .filter(({ type }) => type === 'sample' && random.nextFloat() < 0.33)
      .map((record) => (record as SampleRecord).index),
  );
  const kept = records.filter((record) => !(record.type === 'sample' && gone.has(record.index)));
  const table = await collectRunTable(manifest, kept);
  const columns = table.detections.find(({ facts }) => facts.detector === 'texture')!;
  return { table, frame: measuredFrame(table, detectionScores(table, columns, 7), 7)! };
}

const everything = ({ sources }: RunTable): Uint8Array => new Uint8Array(sources.length).fill(1);

describe('the split of prompts', { timeout: 60_000 }, () => {
  it('lets no prompt and no photograph cross train and test, at any level, for any choice of generators', async () => {
    for (let seed = 0; seed < 25; seed++) {
      const { table, frame } = await framed({ seed, prompts: 4 + (seed % 9), authenticImages: 4 + (seed % 5) });
      const random = createRandom(seed);
      const sources = Uint8Array.from(table.sources, () => random.nextBelow(2));
      for (let fold = 0; fold < frame.split.foldCount; fold++) {
        const rows = trainingRows(frame, sources, fold);
        const { samples, syntheticClusters, authenticClusters } = frame.scores;
        const trained = new Set(rows.synthetic.map((position) => syntheticClusters[position]));
        const photographs = new Set(rows.authentic.map((position) => authenticClusters[position]));
        for (const position of samples.keys())
          if (frame.split.synthetic[position] === fold) expect(trained).not.toContain(syntheticClusters[position]);
        for (const position of authenticClusters.keys())
          if (frame.split.authentic[position] === fold) expect(photographs).not.toContain(authenticClusters[position]);
        for (const position of rows.synthetic) {
          expect(table.samples.level.get(samples[position]!)).toBe(0);
          expect(sources[table.samples.source.get(samples[position]!)]).toBe(1);
        }
      }
    }
  });

  it('scores every image of every level by the head that saw neither its prompt nor its half', async () => {
    const { table, frame } = await framed();
    const heads = new HeadBank(frame, groupsOf(table)).headsOn(everything(table))!;
    const { bySample, authentic } = scoreWith(frame, heads);
    frame.scores.samples.forEach((sample, position) => {
      const row = frame.scores.columns.synthetic.features.row(sample);
      expect(bySample[sample]).toBe(heads[frame.split.synthetic[position]!]!.predict(row));
    });
    expect(authentic.every((value) => value > 0 && value < 1)).toBe(true);
  });
});

describe('held-out scores', { timeout: 60_000 }, () => {
  it('calls at most 5 % of the photographs of each half synthetic', async () => {
    const { table, frame } = await framed({ authenticImages: 120 });
    const heads = new HeadBank(frame, groupsOf(table)).headsOn(everything(table))!;
    const held = scoreWith(frame, heads);
    for (let fold = 0; fold < 2; fold++) {
      const own = [...held.authentic].filter((_, position) => frame.split.authentic[position] === fold);
      expect(own.filter((score) => score > held.thresholds[fold]!).length / own.length).toBeLessThanOrEqual(0.05);
    }
    const place = calledBy(held, foldBySample(frame));
    const missing = [...held.bySample.keys()].filter((sample) => Number.isNaN(held.bySample[sample]!));
    expect(missing.length).toBeGreaterThan(0);
    expect(new Set(missing.map(place))).toEqual(new Set(['outside']));
  });

  it('leaves an image without a score where the other columns lack it', async () => {
    const { table, frame } = await framed({ perturbations: { 'jpeg-75': 0.5 } });
    const other = table.detections.find(({ facts, protocol }) => facts.detector === 'texture' && protocol === 'jpeg-75')!;
    const [first] = frame.scores.samples;
    other.synthetic.status.set(first!, 0);
    const heads = new HeadBank(frame, groupsOf(table)).headsOn(everything(table))!;
    const held = scoreWith(frame, heads, other);
    expect(held.bySample[first!]).toBeNaN();
    expect([...held.synthetic].filter((value) => Number.isNaN(value))).toHaveLength(1);
  });
});

describe('bounds', { timeout: 60_000 }, () => {
  it('fits on at most so many images of a class, drawn from all prompts', async () => {
    const { table, frame } = await framed({
      prompts: 2 * mostTrainingImages,
      levels: [0],
      generators: [{ generator: 'mllm-a', family: 'mllm' }],
      authenticImages: 30,
    });
    const { synthetic } = trainingRows(frame, everything(table), 0);
    expect(synthetic).toHaveLength(
      Math.min(mostTrainingImages, [...frame.split.synthetic].filter((fold) => fold === 1).length),
    );
    const quarters = new Set(synthetic.map((position) => Math.floor((4 * position) / frame.scores.samples.length)));
    expect(quarters).toEqual(new Set([0, 1, 2, 3]));
  });

  it('keeps the generators with the most images and says how many are left out', async () => {
    const generators = Array.from({ length: mostUnits + 3 }, (_, at) => ({
      generator: `mllm-${String.fromCharCode(97 + at)}`,
      family: 'mllm' as const,
    }));
    const { table, frame } = await framed({ generators, prompts: 30 });
    const bank = new HeadBank(frame, groupsOf(table));
    expect(bank.units).toHaveLength(mostUnits);
    expect(bank.unitsLeftOut).toBe(3);
    const few = await framed({ prompts: 3 });
    expect(leastImagesOfUnit).toBeGreaterThan(9);
    expect(new HeadBank(few.frame, groupsOf(few.table)).units).toEqual([]);
  });

  it('has no head where a half has nothing to learn from', async () => {
    const { table, frame } = await framed();
    expect(new HeadBank(frame, groupsOf(table)).headsOn(new Uint8Array(table.sources.length))).toBeNull();
  });
});

describe('heads on one MLLM each', { timeout: 60_000 }, () => {
  it('weigh the same on either side, over prompts that two MLLMs have, however many images each gave', async () => {
    const { table, frame } = await framed({ prompts: 40 });
    const bank = new HeadBank(frame, groupsOf(table));
    const units = bank.units.filter(({ family }) => family === 'mllm');
    const [own, others] = ownAndOthers(bank)!;
    const folds = foldBySample(frame);
    const places = units.map(({ sources }) => calledBy(scoreWith(frame, bank.headsOn(sources)!), folds));
    const rate = (head: number, tested: number, cluster: number): number | null => {
      const placed = [...frame.scores.samples].filter(
        (sample) =>
          table.samples.cluster.get(sample) === cluster &&
          table.samples.level.get(sample) === 0 &&
          units[tested]!.sources[table.samples.source.get(sample)] === 1,
      );
      if (placed.length === 0) return null;
      return placed.filter((sample) => places[head]!(sample) === 'positive').length / placed.length;
    };
    const expected = table.clusters.flatMap((_, cluster) => {
      const rates = [rate(0, 0, cluster), rate(1, 1, cluster), rate(1, 0, cluster), rate(0, 1, cluster)];
      return rates.includes(null) ? [] : [{ cluster, own: rates[0]! + rates[1]!, others: rates[2]! + rates[3]! }];
    });
    expect(expected.length).toBeGreaterThan(5);
    expect(expected.length).toBeLessThan(40);
    const byCluster = ({ clusters, positives, trials }: typeof own) =>
      new Map(clusters.map((cluster, row) => [cluster, { positives: positives[row], trials: trials[row] }]));
    expect(own.clusters.length).toBe(expected.length);
    for (const { cluster, ...shares } of expected) {
      expect(byCluster(own).get(cluster)).toEqual({ positives: shares.own, trials: 2 });
      expect(byCluster(others).get(cluster)).toEqual({ positives: shares.others, trials: 2 });
    }
  });
});
