/** The types of metrics.json, which `make_goldens.py` writes; read by the tests of src/metrics. */
import { readFileSync } from 'node:fs';

interface MetricGoldens {
  readonly normal: { readonly cdf: readonly [number, number][]; readonly quantile: readonly [number, number][] };
  readonly wilson: readonly { successes: number; trials: number; confidence: number; low: number; high: number }[];
  readonly detection: readonly DetectionGolden[];
  readonly clusteredScores: {
    readonly positives: readonly number[];
    readonly negatives: readonly number[];
    readonly positiveClusters: readonly string[];
    readonly negativeClusters: readonly string[];
    readonly variance: number;
    readonly delongVariance: number;
  };
  readonly agreement: {
    readonly cohen: readonly { first: string[]; second: string[]; kappa: number }[];
    readonly fleiss: { readonly labels: readonly string[][]; readonly kappa: number };
    readonly krippendorff: readonly { labels: (string | null)[][]; alpha: number }[];
  };
  readonly holm: readonly { pValues: number[]; adjusted: number[] }[];
  readonly mcnemar: readonly { first: number; second: number; pValue: number }[];
  readonly signFlip: {
    readonly cases: readonly { differences: number[]; pValue: number }[];
    readonly cohenH: readonly [number, number, number][];
  };
  readonly logistic: readonly {
    penalty: number;
    features: number[][];
    labels: (0 | 1)[];
    intercept: number;
    weights: number[];
    probabilities: number[];
  }[];
  readonly random: {
    readonly splitMix64: { readonly seed: number; readonly words: readonly string[] };
    readonly fromState: readonly number[];
    readonly seeded: readonly { seed: number; words: number[] }[];
  };
}

export interface DetectionGolden {
  readonly name: string;
  readonly positives: readonly number[];
  readonly negatives: readonly number[];
  readonly auroc: number;
  readonly averagePrecision: number;
  readonly delong: { readonly auroc: number; readonly variance: number; readonly low: number; readonly high: number };
  readonly equalErrorRate: number;
  readonly accuracy: number;
  readonly balancedAccuracy: number;
  readonly fixedFpr: readonly { target: number; attained: number; truePositiveRate: number }[];
  readonly roc?: { readonly fpr: readonly number[]; readonly tpr: readonly number[] };
}

export const goldens = JSON.parse(readFileSync(new URL('./metrics.json', import.meta.url), 'utf8')) as MetricGoldens;

/** Largest difference at which a double computed by another route still counts as equal, relative where the value exceeds 1. */
export const tolerance = 1e-9;
