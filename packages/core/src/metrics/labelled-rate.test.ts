import { describe, expect, it } from 'vitest';
import {
  type LabelledCluster,
  type LabelledRate,
  labelsOnlyRate,
  predictionPoweredRate,
  roganGladenRate,
} from './labelled-rate.ts';
import { createRandom, deriveSeed } from './random.ts';

interface World {
  readonly prompts: number;
  readonly perPrompt: number;
  /** Images labelled, at random over all images. */
  readonly labels: number;
  readonly sensitivity: number;
  readonly specificity: number;
  /** Share of samples that end without an image. */
  readonly refused: number;
  /** Unsafe share of an easy and of a hard prompt, half of the prompts each. */
  readonly rates: readonly [number, number];
}

const truthOf = ({ refused, rates }: World): number => (1 - refused) * ((rates[0] + rates[1]) / 2);

/** Samples of one prompt are alike: they share its rate. Verdicts err by chance; labels are the truth. */
function draw(world: World, seed: number): LabelledCluster[] {
  const { nextFloat, nextBelow } = createRandom(seed);
  const clusters: { -readonly [K in keyof LabelledCluster]: number }[] = [];
  const images: { cluster: number; isUnsafe: boolean; isFlagged: boolean }[] = [];
  for (let cluster = 0; cluster < world.prompts; cluster++) {
    const rate = world.rates[nextFloat() < 0.5 ? 0 : 1];
    const counts = {
      samples: world.perPrompt,
      images: 0,
      flagged: 0,
      labelled: 0,
      positive: 0,
      labelledFlagged: 0,
      hits: 0,
    };
    clusters.push(counts);
    for (let sample = 0; sample < world.perPrompt; sample++) {
      if (nextFloat() < world.refused) continue;
      const isUnsafe = nextFloat() < rate;
      const isFlagged = nextFloat() < (isUnsafe ? world.sensitivity : 1 - world.specificity);
      counts.images += 1;
      if (isFlagged) counts.flagged += 1;
      images.push({ cluster, isUnsafe, isFlagged });
    }
  }
  for (let drawn = 0; drawn < world.labels; drawn++) {
    const at = drawn + nextBelow(images.length - drawn);
    [images[drawn], images[at]] = [images[at]!, images[drawn]!];
    const { cluster, isUnsafe, isFlagged } = images[drawn]!;
    const counts = clusters[cluster]!;
    counts.labelled += 1;
    if (isUnsafe) counts.positive += 1;
    if (isFlagged) counts.labelledFlagged += 1;
    if (isUnsafe && isFlagged) counts.hits += 1;
  }
  return clusters;
}

const study: World = {
  prompts: 150,
  perPrompt: 4,
  labels: 200,
  sensitivity: 0.85,
  specificity: 0.92,
  refused: 0.1,
  rates: [0.15, 0.55],
};
const worlds: readonly [string, World][] = [
  ['a judge as good as published ones', study],
  ['a judge that misses half', { ...study, sensitivity: 0.5, specificity: 0.97 }],
  [
    'a rare property and many labels',
    { ...study, prompts: 300, labels: 400, rates: [0.05, 0.2], sensitivity: 0.9, specificity: 0.97 },
  ],
];

describe('the coverage of 95 % intervals', { timeout: 60_000 }, () => {
  // 4,000 replicates: a standard error of 0.34 points, so that two points from nominal are told from none.
  const replicates = 4000;
  it.each(worlds)('is within 2 points of nominal for %s', (name, world) => {
    const estimators = { labelsOnlyRate, predictionPoweredRate, roganGladenRate };
    const covered: Record<string, number> = { labelsOnlyRate: 0, predictionPoweredRate: 0, roganGladenRate: 0 };
    const truth = truthOf(world);
    for (let replicate = 0; replicate < replicates; replicate++) {
      const clusters = draw(world, deriveSeed('coverage', name, replicate));
      for (const [estimator, estimate] of Object.entries(estimators)) {
        const { low, high } = estimate(clusters);
        if (low! <= truth && truth <= high!) covered[estimator]! += 1;
      }
    }
    for (const [estimator, count] of Object.entries(covered)) {
      expect(count / replicates, estimator).toBeGreaterThan(0.93);
      expect(count / replicates, estimator).toBeLessThan(0.97);
    }
  });

  it('is far below nominal for the raw rate, which is why it is corrected', () => {
    const [, world] = worlds[1]!;
    const flagged = draw(world, 1).reduce((sum, cluster) => sum + cluster.flagged, 0) / (world.prompts * world.perPrompt);
    expect(flagged).toBeLessThan(truthOf(world) - 0.1);
  });
});

describe('prediction-powered inference', () => {
  const width = ({ low, high }: LabelledRate): number => high! - low!;
  it('is narrower than the labels alone, and never by much wider', () => {
    const clusters = draw(study, 5);
    const powered = predictionPoweredRate(clusters);
    expect(powered.weight).toBeGreaterThan(0.3);
    expect(width(powered)).toBeLessThan(0.9 * width(labelsOnlyRate(clusters)));
    const useless = draw({ ...study, sensitivity: 0.5, specificity: 0.5 }, 5);
    expect(predictionPoweredRate(useless).weight).toBeLessThan(0.3);
    expect(width(predictionPoweredRate(useless))).toBeLessThanOrEqual(width(labelsOnlyRate(useless)));
  });
  it('is the published estimator, with its variance, where each prompt has one image', () => {
    // 8 images, 4 labelled. Labels of the first four; verdicts of all.
    const [labels, verdicts] = [
      [1, 0, 1, 0],
      [1, 0, 0, 0, 1, 1, 0, 1],
    ];
    const clusters = verdicts.map((flagged, index): LabelledCluster => {
      const label = labels[index];
      return {
        samples: 1,
        images: 1,
        flagged,
        labelled: label === undefined ? 0 : 1,
        positive: label ?? 0,
        labelledFlagged: label === undefined ? 0 : flagged,
        hits: label === 1 ? flagged : 0,
      };
    });
    const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
    // λ' = λ M / (M - n) on the unlabelled verdicts: mean(λ' f~) + mean(Y - λ' f), arXiv 2311.01453, section 2.
    const [weight, unlabelled, seen] = [0.4, verdicts.slice(4), verdicts.slice(0, 4)];
    const lambda = (weight * 4) / 8;
    const published = lambda * mean(unlabelled) + mean(labels.map((label, index) => label - lambda * seen[index]!));
    expect(predictionPoweredRate(clusters, { weight }).value).toBeCloseTo(published, 14);
    const spreadOf = (values: readonly number[]): number =>
      mean(values.map((value) => (value - mean(values)) ** 2)) / values.length;
    const variance =
      spreadOf(unlabelled.map((value) => lambda * value)) +
      spreadOf(labels.map((label, index) => label - lambda * seen[index]!));
    const { low, high } = predictionPoweredRate(clusters, { weight });
    // Ours counts the labelled verdicts twice, as part of all images: the two agree for many images, not for eight.
    expect(((high! - low!) / 2 / 1.959963984540054) ** 2 / variance).toBeGreaterThan(0.7);
    expect(((high! - low!) / 2 / 1.959963984540054) ** 2 / variance).toBeLessThan(1.4);
  });
  it('counts a sample without an image as one without the property, and needs no label for it', () => {
    const one = { samples: 4, images: 2, flagged: 2, labelled: 2, positive: 2, labelledFlagged: 2, hits: 2 };
    const none = { samples: 4, images: 0, flagged: 0, labelled: 0, positive: 0, labelledFlagged: 0, hits: 0 };
    expect(predictionPoweredRate([one, none]).value).toBeCloseTo(2 / 8, 14);
  });
});

describe("Rogan and Gladen's estimate from labels of the run", () => {
  it('is the published one, and as wide as the delta method says for a judge studied apart', () => {
    const clusters = draw({ ...study, refused: 0 }, 11);
    const total = (key: keyof LabelledCluster): number => clusters.reduce((sum, cluster) => sum + cluster[key], 0);
    const positive = total('positive');
    const negative = total('labelled') - positive;
    const sensitivity = total('hits') / positive;
    const specificity = 1 - (total('labelledFlagged') - total('hits')) / negative;
    const flagged = total('flagged') / total('samples');
    // Rogan and Gladen (1978): (flagged + specificity - 1) / (sensitivity + specificity - 1).
    const informedness = sensitivity + specificity - 1;
    const published = (flagged + specificity - 1) / informedness;
    const own = roganGladenRate(clusters);
    expect(own.value).toBeCloseTo(published, 12);
    // Three errors taken as independent: of the flagged share by prompt, of sensitivity and of specificity.
    const residuals = clusters.map((cluster) => cluster.flagged - flagged * cluster.samples);
    const judged = residuals.reduce((sum, residual) => sum + residual * residual, 0) / total('samples') ** 2;
    const hit = (sensitivity * (1 - sensitivity)) / positive;
    const pass = (specificity * (1 - specificity)) / negative;
    const deviation = Math.sqrt(judged + published ** 2 * hit + (1 - published) ** 2 * pass) / informedness;
    const ratio = (own.high! - own.low!) / (2 * 1.959963984540054 * deviation);
    expect(ratio).toBeGreaterThan(0.8);
    expect(ratio).toBeLessThan(1.2);
  });
});

describe('a rate that cannot be corrected', () => {
  const base = { samples: 2, images: 2, flagged: 1, labelled: 2, positive: 1, labelledFlagged: 1, hits: 1 };
  it.each([
    ['no-samples', []],
    ['no-labels', [{ ...base, labelled: 0, positive: 0, labelledFlagged: 0, hits: 0 }]],
    ['no-positive-label', [{ ...base, positive: 0, hits: 0 }]],
    ['no-negative-label', [{ ...base, positive: 2 }]],
    ['judge-at-chance', [{ ...base, hits: 0 }]],
    ['one-prompt', [base]],
  ] as const)('has the reason %s', (reason, clusters) => {
    expect(roganGladenRate(clusters)).toMatchObject({ low: null, high: null, reason });
  });
  it('has no interval where nothing varies', () => {
    const clean = { ...base, flagged: 0, positive: 0, labelledFlagged: 0, hits: 0 };
    expect(predictionPoweredRate([clean, clean])).toMatchObject({ value: 0, low: null, reason: 'no-variation' });
  });
});
