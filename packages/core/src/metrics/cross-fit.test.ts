import { describe, expect, it } from 'vitest';
import { crossFitAuroc, crossFitScores } from './cross-fit.ts';
import { assignGroupedFolds } from './grouped-folds.ts';
import { createRandom, deriveSeed } from './random.ts';
import { auroc } from './roc.ts';

type Label = 0 | 1;

/** Captions with one authentic and `fakes` synthetic images each; features are noise shared in part within a caption, plus `signal` on label 1. */
function simulate(seed: number, { captions = 40, fakes = 1, width = 3, signal = 0, likeness = 1 } = {}) {
  const { nextFloat } = createRandom(deriveSeed('simulate', seed));
  const noise = () => nextFloat() + nextFloat() + nextFloat() - 1.5;
  const features: number[][] = [];
  const labels: Label[] = [];
  const groups: string[] = [];
  for (let caption = 0; caption < captions; caption++) {
    const shared = Array.from({ length: width }, noise);
    for (let member = 0; member <= fakes; member++) {
      const label: Label = member === 0 ? 0 : 1;
      labels.push(label);
      groups.push(`caption ${caption}`);
      features.push(shared.map((value, column) => likeness * value + noise() + (column === 0 ? signal * label : 0)));
    }
  }
  return { features, labels, groups };
}

function scored(options: Parameters<typeof crossFitScores>[0]) {
  const result = crossFitScores(options);
  if (result.status === 'unavailable') throw new Error(result.reason);
  return result;
}

describe('grouped folds', () => {
  it('never cut a group, and share classes evenly', () => {
    const { labels, groups } = simulate(1, { captions: 50, fakes: 2 });
    const result = assignGroupedFolds({ labels, groups, seed: 3 });
    if (result.status !== 'assigned') throw new Error(result.reason);
    for (const group of new Set(groups))
      expect(new Set([...result.folds].filter((_, index) => groups[index] === group)).size).toBe(1);
    for (let fold = 0; fold < 5; fold++) {
      const inFold = labels.filter((_, index) => result.folds[index] === fold);
      expect([inFold.filter((label) => label === 0).length, inFold.filter((label) => label === 1).length]).toEqual([10, 20]);
    }
  });
  it('stay within one sample of even where each sample is its own group', () => {
    const labels = Array.from({ length: 101 }, (_, index): Label => (index % 3 === 0 ? 1 : 0));
    const result = assignGroupedFolds({ labels, groups: labels.map((_, index) => `${index}`), seed: 8 });
    if (result.status !== 'assigned') throw new Error(result.reason);
    for (const label of [0, 1]) {
      const counts = [0, 1, 2, 3, 4].map(
        (fold) => labels.filter((value, index) => value === label && result.folds[index] === fold).length,
      );
      expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
    }
  });
  it('do not depend on the order of samples, but on the seed', () => {
    const { labels, groups } = simulate(1, { captions: 30 });
    const byGroup = (seed: number, order: number[]) => {
      const result = assignGroupedFolds({
        labels: order.map((i) => labels[i]!),
        groups: order.map((i) => groups[i]!),
        seed,
      });
      return result.status === 'assigned' ? new Map(order.map((i, place) => [groups[i]!, result.folds[place]])) : result;
    };
    const order = [...labels.keys()];
    const forward = byGroup(1, order) as Map<string, number>;
    const backward = byGroup(1, [...order].reverse()) as Map<string, number>;
    for (const [group, fold] of forward) expect(backward.get(group)).toBe(fold);
    expect(byGroup(2, order)).not.toEqual(forward);
  });
  it('become fewer where a class lies in fewer groups', () => {
    const result = assignGroupedFolds({
      labels: [1, 1, 1, 0, 0, 0, 0],
      groups: ['a', 'b', 'c', 'd', 'e', 'f', 'g'],
      seed: 1,
    });
    expect(result).toMatchObject({ status: 'assigned', foldCount: 3 });
  });
  it.each([
    [[0, 0, 0], ['a', 'b', 'c'], /label 1 lies in 0 group/],
    [[0, 0, 1, 1], ['a', 'b', 'c', 'c'], /label 1 lies in 1 group/],
    [[0, 0, 1, 1], ['a', 'a', 'b', 'c'], /label 0 lies in 1 group/],
    [[], [], /label 1 lies in 0 group/],
  ] as [Label[], string[], RegExp][])(
    'are unavailable with a reason for labels %j in groups %j',
    (labels, groups, reason) => {
      expect(assignGroupedFolds({ labels, groups, seed: 1 })).toMatchObject({
        status: 'unavailable',
        reason: expect.stringMatching(reason),
      });
      expect(crossFitScores({ features: labels.map(() => [1]), labels, groups, seed: 1 })).toMatchObject({
        status: 'unavailable',
      });
    },
  );
  it('reject lists of unequal length and fewer than two folds', () => {
    expect(() => crossFitScores({ features: [[1]], labels: [0, 1], groups: ['a', 'b'], seed: 1 })).toThrow(/one length/);
    expect(() => assignGroupedFolds({ labels: [0, 1], groups: ['a', 'b'], folds: 1, seed: 1 })).toThrow(/at least 2/);
  });
});

describe('cross-fitted scores', () => {
  it('are probabilities, the same for a seed', () => {
    const data = simulate(5, { signal: 1 });
    const [first, second] = [scored({ ...data, seed: 1 }), scored({ ...data, seed: 1 })];
    expect(first).toEqual(second);
    for (const score of first.scores) expect(score >= 0 && score <= 1).toBe(true);
  });
  it('do not see the labels of their own group', () => {
    const data = simulate(6, { captions: 20 });
    const before = scored({ ...data, seed: 1 });
    // Swapping the two labels of one caption leaves the folds as they are, and so the scores of its own fold.
    const labels = [...data.labels];
    [labels[0], labels[1]] = [labels[1]!, labels[0]!];
    const after = scored({ ...data, labels, seed: 1 });
    expect(after.folds).toEqual(before.folds);
    const own = before.folds[0]!;
    before.scores.forEach((score, index) => {
      if (before.folds[index] === own) expect(after.scores[index]).toBe(score);
    });
    expect(after.scores).not.toEqual(before.scores);
  });
  it('find a signal where there is one', () => {
    const data = simulate(7, { captions: 100, signal: 2 });
    const result = crossFitAuroc(scored({ ...data, seed: 1 }), data.labels, { groups: data.groups });
    expect(result.auroc).toBeGreaterThan(0.8);
    expect(result.low).toBeGreaterThan(0.65);
    expect(result.pValue).toBeLessThan(1e-6);
  });
  it('give a p-value, though no interval, when separation is perfect', () => {
    const { labels, groups } = simulate(8);
    const result = crossFitAuroc(scored({ features: labels.map((label) => [label]), labels, groups, seed: 1 }), labels, {
      groups,
    });
    expect(result).toMatchObject({ auroc: 1, low: null, reason: 'no-variation', foldsUsed: 5 });
    expect(result.pValue).toBeLessThan(1e-6);
  });
  it('are 1 to the last bit when separation is perfect over folds of unequal size', () => {
    for (let count = 5; count < 60; count++) {
      const labels = Array.from({ length: count * 2 }, (_, index) => (index % 2) as 0 | 1);
      const groups = labels.map((_, index) => `prompt ${index >> 1}`);
      const result = crossFitAuroc(scored({ features: labels.map((label) => [label]), labels, groups, seed: 1 }), labels);
      expect(result.auroc, `${count} prompts`).toBe(1);
    }
  });
  it('sit at one half, with p = 1/2, when every image has the same format', () => {
    const { labels, groups } = simulate(9);
    const result = crossFitAuroc(scored({ features: labels.map(() => [1, 2]), labels, groups, seed: 1 }), labels, {
      groups,
    });
    expect(result).toMatchObject({ auroc: 0.5, pValue: 0.5, reason: 'no-variation' });
  });
});

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const standardError = (values: readonly number[]) =>
  Math.sqrt(mean(values.map((value) => (value - mean(values)) ** 2)) / values.length);

/** Keeps every label 1 and one caption's label 0 in four, each sample on its own: unequal classes that do not pair up. */
function unpaired(seed: number) {
  const data = simulate(seed, { captions: 60, likeness: 0 });
  const kept = [...data.labels.keys()].filter((index) => data.labels[index] === 1 || index % 8 === 0);
  const pick = <T>(values: readonly T[]) => kept.map((index) => values[index]!);
  return { features: pick(data.features), labels: pick(data.labels), groups: kept.map((index) => `sample ${index}`) };
}

describe.each([
  ['photographs and fakes in pairs', (seed: number) => simulate(seed)],
  ['unequal classes that do not pair up', unpaired],
] as const)('the format audit without signal, %s', (_, draw) => {
  const simulations = 300;
  const results = Array.from({ length: simulations }, (__, seed) => {
    const { features, labels, groups } = draw(seed);
    const fit = scored({ features, labels, groups, seed });
    const of = (label: Label) => fit.scores.filter((___, index) => labels[index] === label);
    return { ...crossFitAuroc(fit, labels, { groups }), pooled: auroc(of(1), of(0))! };
  });

  it('has an AUROC within folds of one half on average', () => {
    const areas = results.map((result) => result.auroc!);
    expect(Math.abs(mean(areas) - 0.5)).toBeLessThan(3 * standardError(areas));
  });
  it('has a pooled AUROC close to one half too, thanks to even class shares', () => {
    const areas = results.map((result) => result.pooled);
    // 0.02 beside a standard error near 0.004: what remains is the comparison of scores of different models.
    expect(Math.abs(mean(areas) - 0.5)).toBeLessThan(0.02);
  });
  it('raises a false alarm no more often than about its level', () => {
    const alarms = results.filter((result) => result.pValue! <= 0.025).length / simulations;
    // Nominal 0.025; three standard deviations of that share in 300 simulations are 0.027.
    expect(alarms).toBeLessThan(0.052);
  });
});

describe('uneven folds', () => {
  it('would pull a pooled AUROC under one half, which is why folds are stratified', () => {
    // Leave one out is the extreme: without features a model predicts its training prevalence, which is lower for a held-out positive.
    const labels = Array.from({ length: 20 }, (_, index): Label => (index < 10 ? 1 : 0));
    const leftOut = labels.map((label) => (10 - label) / 19);
    const of = (label: Label) => leftOut.filter((_, index) => labels[index] === label);
    expect(auroc(of(1), of(0))).toBe(0);
    const fit = scored({ features: labels.map(() => [1]), labels, groups: labels.map((_, index) => `${index}`), seed: 1 });
    const scores = (label: Label) => fit.scores.filter((_, index) => labels[index] === label);
    expect(auroc(scores(1), scores(0))).toBe(0.5);
  });
});
