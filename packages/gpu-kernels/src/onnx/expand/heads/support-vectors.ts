/**
 * SVMClassifier and SVMRegressor: a kernel function of the features and each support vector, a product, and of classes votes or
 * probabilities of pairs. Sources: "Operators-ml.md" of ONNX; Chang & Lin, "LIBSVM: A Library for Support Vector Machines" (2011); Platt
 * (1999) for the sigmoid of a score; where these leave a case open, what onnxruntime 1.32 computes, or a refusal.
 */
import { graphInvalid, opUnsupported } from '../../../graph/graph-errors.ts';
import type { Expand, Expansion } from '../expansion.ts';
import { kernelOf } from './kernels.ts';
import { coupled } from './pairwise.ts';
import { giveLabel, labelsOf, stringLabels } from './scores.ts';

function SVMRegressor(to: Expansion): void {
  to.attributes.require('post_transform', 'NONE');
  const isOneClass = to.attributes.number('one_class', 0) !== 0;
  const vectors = to.attributes.number('n_supports', 0);
  const coefficients = to.attributes.numbers('coefficients', []);
  const rho = to.attributes.numbers('rho', [], 1);
  if (vectors < 1) throw opUnsupported(to.node, 'coefficients without support vectors, which LinearRegressor is for');
  if (coefficients.length !== vectors)
    throw graphInvalid(to.node, `${coefficients.length} coefficients for ${vectors} support vectors.`);
  const kernel = kernelOf(to, vectors);
  to.attributes.finish();
  const sum = to.add('Gemm', [kernel, to.tensor('float32', [vectors, 1], coefficients), to.tensor('float32', [1], rho)]);
  if (!isOneClass) to.give('Identity', [sum]);
  else to.give('Where', [to.add('Greater', [sum, to.number(0)]), to.number(1), to.number(-1)]);
}

/** Pairs of classes in order, and of each the coefficient of every vector: `[vectors, pairs]`. */
function pairsOf(to: Expansion, counts: readonly number[], coefficients: readonly number[]) {
  const classes = counts.length;
  const vectors = counts.reduce((sum, count) => sum + count, 0);
  if (coefficients.length !== (classes - 1) * vectors)
    throw graphInvalid(to.node, `${coefficients.length} coefficients for ${vectors} support vectors of ${classes} classes.`);
  const classOf = counts.flatMap((count, at) => new Array<number>(count).fill(at));
  const pairs = counts.flatMap((_, i) => counts.slice(i + 1).map((__, j) => [i, i + 1 + j] as const));
  const table = to.computed('float32', [vectors, pairs.length], (at) => {
    const [vector, [i, j]] = [Math.floor(at / pairs.length), pairs[at % pairs.length]!];
    const own = classOf[vector];
    if (own === i) return coefficients[(j - 1) * vectors + vector]!;
    return own === j ? coefficients[i * vectors + vector]! : 0;
  });
  return { pairs, table };
}

/** Numbers of a list that there is one of for each pair. */
function ofPairs(to: Expansion, name: string, pairs: number): string {
  return to.tensor('float32', [pairs], to.attributes.numbers(name, [], pairs));
}

/** `[items]`: the class that most pairs are for, the first of them. */
function mostVotes(to: Expansion, scores: string, pairs: readonly (readonly [number, number])[], classes: number): string {
  const isFirst = to.add('Cast', [to.add('Greater', [scores, to.number(0)])], { to: 1 });
  const signs = Float32Array.from({ length: pairs.length * classes }, (_, at) => {
    const [i, j] = pairs[Math.floor(at / classes)]!;
    return Number(i === at % classes) - Number(j === at % classes);
  });
  const lost = Float32Array.from({ length: classes }, (_, at) => at);
  const table = to.tensor('float32', [pairs.length, classes], signs);
  const votes = to.add('Gemm', [isFirst, table, to.tensor('float32', [classes], lost)]);
  return to.add('ArgMax', [votes], { axis: 1, keepdims: 0 });
} // biome-ignore format: parameters

/** The most that a probability of a pair is, from either side. */
const nearest = 1e-7;

/** 1 / (1 + exp(a · score + b)), within bounds. */
function pairProbabilities(to: Expansion, scores: string, pairs: number): string {
  const argument = to.add('Add', [to.add('Mul', [scores, ofPairs(to, 'prob_a', pairs)]), ofPairs(to, 'prob_b', pairs)]);
  const probability = to.add('Sigmoid', [to.add('Neg', [argument])]);
  const [low, high] = [to.number(Math.fround(nearest)), to.number(Math.fround(1 - Math.fround(nearest)))];
  return to.add('Min', [to.add('Max', [probability, low]), high]);
}

function SVMClassifier(to: Expansion): void {
  to.attributes.require('post_transform', 'NONE');
  const counts = to.attributes.numbers('vectors_per_class', []);
  const labels = labelsOf(to, 'classlabels_ints');
  const slopes = to.inFile.get('prob_a');
  const hasProbabilities = slopes?.kind === 'numbers' && slopes.value.length > 0;
  const vectors = counts.reduce((sum, count) => sum + count, 0);
  const classes = counts.length;
  if (counts.some((count) => !(Number.isInteger(count) && count >= 0 && count < 2 ** 24)))
    throw graphInvalid(to.node, 'vectors_per_class must hold whole numbers.');
  if (classes < 2) throw opUnsupported(to.node, 'coefficients without support vectors of classes, which LinearClassifier is for'); // biome-ignore format: one condition
  const kernel = kernelOf(to, vectors);
  const { pairs, table } = pairsOf(to, counts, to.attributes.numbers('coefficients', []));
  const scores = to.add('Gemm', [kernel, table, ofPairs(to, 'rho', pairs.length)]);
  const given = hasProbabilities ? pairProbabilities(to, scores, pairs.length) : undefined;
  if (!hasProbabilities) for (const name of ['prob_a', 'prob_b']) to.attributes.numbers(name, []);
  to.attributes.finish();
  if (given !== undefined) to.give('Identity', [coupled(to, given, classes)], {}, 1);
  else if (classes === 2) to.give('Concat', [to.add('Neg', [scores]), scores], { axis: 1 }, 1);
  else to.give('Identity', [scores], {}, 1);
  giveLabel(to, labels, classes, () => mostVotes(to, scores, pairs, classes));
}

export const supportVectorExpansions: Readonly<Record<string, Expand>> = {
  'ai.onnx.ml.SVMClassifier': (to) => to.expandWithout([stringLabels], SVMClassifier),
  'ai.onnx.ml.SVMRegressor': SVMRegressor,
};
