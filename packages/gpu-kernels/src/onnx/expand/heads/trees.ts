/**
 * TreeEnsembleClassifier, TreeEnsembleRegressor and TreeEnsemble: the leaves that an item comes to, and what is made of their weights.
 * Source: "Operators-ml.md" of ONNX; where that leaves a case open, what onnxruntime 1.32 computes, or a refusal.
 */
import { graphInvalid, opUnsupported } from '../../../graph/graph-errors.ts';
import type { Expand, Expansion } from '../expansion.ts';
import { type Leaves, leafNumbers } from './leaf-numbers.ts';
import { readNodes, readTreeEnsemble, tensorAttribute, type WeightedForest } from './read-trees.ts';
import { giveLabel, type Labels, labelsOf, stringLabels, transformed, transformOf } from './scores.ts';

const overTrees = (to: Expansion, op: string, name: string): string => to.add(op, [name, to.integers(1)], { keepdims: 0 });

/** One number of all trees for each target, by the aggregate of a regressor. */
function aggregated(to: Expansion, { forest }: WeightedForest, { numbers, isFull }: Leaves, aggregate: string): string {
  if (aggregate === 'SUM') return overTrees(to, 'ReduceSum', numbers);
  if (aggregate === 'AVERAGE') return to.add('Div', [overTrees(to, 'ReduceSum', numbers), to.number(forest.roots.length)]);
  if (aggregate !== 'MIN' && aggregate !== 'MAX') throw opUnsupported(to.node, `aggregate_function ${aggregate}`);
  if (!isFull) throw opUnsupported(to.node, `aggregate_function ${aggregate} of leaves that leave targets out`);
  return overTrees(to, aggregate === 'MIN' ? 'ReduceMin' : 'ReduceMax', numbers);
}

/** What is added to the scores: one for each, or none. */
function basesOf(to: Expansion): readonly number[] {
  return Array.from(tensorAttribute(to, 'base_values_as_tensor')?.data ?? to.attributes.numbers('base_values', []));
}

const plus = (to: Expansion, scores: string, bases: readonly number[]): string =>
  bases.length === 0 ? scores : to.add('Add', [scores, to.tensor('float32', [bases.length], bases)]);

/** Of one target onnxruntime leaves the transform out, which ONNX does not. */
function giveTargets(to: Expansion, scores: string, targets: number, op: string): void {
  if (targets === 1 && op !== 'Identity') throw opUnsupported(to.node, 'post_transform of one target, of which runtimes make different numbers'); // biome-ignore format: one condition
  transformed(to, op, scores, 0);
}

/** What a converter did where only the first target has weights. */
const ofFirstAlone = ({ weights }: WeightedForest): string =>
  weights.every(({ target }) => target === 0)
    ? '. All weights are of the first target: so onnxmltools writes the trees of all targets of xgboost, and the file is not the model. Fit and convert one model for each target'
    : '';

function TreeEnsembleRegressor(to: Expansion): void {
  const op = transformOf(to);
  const aggregate = to.attributes.string('aggregate_function', 'SUM');
  const targets = to.attributes.number('n_targets', 1);
  const bases = basesOf(to);
  const read = readNodes(to, 'target');
  to.attributes.finish();
  if (bases.length !== 0 && bases.length !== targets)
    throw graphInvalid(to.node, `${bases.length} base_values for ${targets} targets.`);
  const leaves = leafNumbers(to, read, targets);
  // Where an item comes to no weight for a target, onnxruntime gives 0 there, ONNX the base value.
  if (targets > 1 && bases.some((base) => base !== 0) && !leaves.isAlwaysGiven())
    throw opUnsupported(to.node, `base_values of targets that items may come to no weight for, of which runtimes make different numbers${ofFirstAlone(read)}`); // biome-ignore format: one condition
  giveTargets(to, plus(to, aggregated(to, read, leaves, aggregate), bases), targets, op);
}

const aggregates = ['AVERAGE', 'SUM', 'MIN', 'MAX'];

function TreeEnsemble(to: Expansion): void {
  const transform = to.attributes.number('post_transform', 0);
  // ONNX numbers SOFTMAX 1 and LOGISTIC 2, onnxruntime the other way round.
  if (transform !== 0) throw opUnsupported(to.node, `post_transform ${transform}, only 0 (NONE) is implemented, since runtimes number the others in different ways`); // biome-ignore format: one condition
  const aggregate = to.attributes.number('aggregate_function', 1);
  const targets = to.attributes.number('n_targets', 1);
  const read = readTreeEnsemble(to);
  to.attributes.finish();
  const leaves = leafNumbers(to, read, targets);
  giveTargets(to, aggregated(to, read, leaves, aggregates[aggregate] ?? String(aggregate)), targets, 'Identity');
}

/** Weights of one class of two, as scikit-learn's are written: the other has what is left of 1, or the same with the other sign. */
function giveOneOfTwo(to: Expansion, scores: string, arePositive: boolean, op: string, labels: Labels): void {
  if (op === 'Softmax') throw opUnsupported(to.node, 'post_transform SOFTMAX of weights of one class of two');
  const rest = op === 'Identity' && arePositive ? to.add('Sub', [to.number(1), scores]) : to.add('Neg', [scores]);
  transformed(to, op, to.add('Concat', [rest, scores], { axis: 1 }), 1);
  giveLabel(to, labels, 2, () => {
    const isSecond = to.add('Greater', [scores, to.number(arePositive ? 0.5 : 0)]);
    return to.add('Cast', [to.add('Squeeze', [isSecond, to.integers(1)])], { to: 7 });
  });
} // biome-ignore format: parameters

/**
 * Of two classes that both have weights onnxruntime gives 1 wherever the second has more than 0, else 0, and ONNX the label of the class
 * that has more. These are the same of labels 0 and 1 where the weights are each other's opposites, as CatBoost writes them.
 */
function giveLabelOfTwo(to: Expansion, scores: string, { weights }: WeightedForest, labels: Labels): void {
  if (!to.isRead(0)) return;
  const sums = new Map<number, number>();
  for (const { leaf, weight } of weights) sums.set(leaf, (sums.get(leaf) ?? 0) + weight);
  const isSame = [...sums.values()].every((sum) => sum === 0) && labels.whole?.[0] === 0 && labels.whole[1] === 1;
  if (!isSame) throw opUnsupported(to.node, 'the label of two classes that both have weights, of which runtimes make different ones. Use the scores'); // biome-ignore format: one condition
  giveLabel(to, labels, 2, () => {
    const second = to.add('Gather', [scores, to.tensor('int64', [], [1])], { axis: 1 });
    return to.add('Cast', [to.add('Greater', [second, to.number(0)])], { to: 7 });
  });
} // biome-ignore format: parameters

function giveClasses(to: Expansion, read: WeightedForest, classes: number, op: string, bases: readonly number[], labels: Labels): void {
  const leaves = leafNumbers(to, read, classes);
  const scores = plus(to, overTrees(to, 'ReduceSum', leaves.numbers), bases);
  transformed(to, op, scores, 1);
  if (classes === 2) {
    if (!leaves.isFull) throw opUnsupported(to.node, 'leaves that leave one of two classes out');
    giveLabelOfTwo(to, scores, read, labels);
    return;
  }
  giveLabel(to, labels, classes, () => {
    // A class for which no tree came to a weight is never the label, though its score is 0.
    const isScored = bases.length > 0 || leaves.isAlwaysGiven();
    const hasScore = isScored ? undefined : to.add('Greater', [overTrees(to, 'ReduceMax', leaves.known()), to.number(0)]); // biome-ignore format: one condition
    const ranked = hasScore === undefined ? scores : to.add('Where', [hasScore, scores, to.number(-Infinity)]);
    return to.add('ArgMax', [ranked], { axis: 1, keepdims: 0 });
  });
} // biome-ignore format: parameters

function TreeEnsembleClassifier(to: Expansion): void {
  const op = transformOf(to);
  const labels = labelsOf(to, 'classlabels_int64s');
  const bases = basesOf(to);
  const read = readNodes(to, 'class');
  to.attributes.finish();
  const classes = labels.count;
  const weighted = new Set(read.weights.map(({ target }) => target));
  if (classes < 2) throw opUnsupported(to.node, `${classes} labels of classes, at least 2 are expected`);
  if (bases.length !== 0 && bases.length !== (classes === 2 ? 1 : classes))
    throw opUnsupported(to.node, `${bases.length} base_values for ${classes} classes`);
  if (classes === 2 && weighted.size === 1 && weighted.has(0)) {
    const arePositive = read.weights.every(({ weight }) => weight >= 0);
    const { numbers } = leafNumbers(to, read, 1);
    giveOneOfTwo(to, plus(to, overTrees(to, 'ReduceSum', numbers), bases), arePositive, op, labels);
    return;
  }
  if (classes === 2 && (bases.length > 0 || weighted.size === 1))
    throw opUnsupported(
      to.node,
      'base_values of two classes of which the second has weights, or weights of the second alone',
    );
  giveClasses(to, read, classes, op, bases, labels);
}

/** Attributes that are lists of strings or tensors. */
const readApart = [
  'base_values_as_tensor', 'class_weights_as_tensor', stringLabels, 'leaf_weights', 'membership_values', 'nodes_hitrates_as_tensor', 'nodes_modes', 'nodes_splits',
  'nodes_values_as_tensor', 'target_weights_as_tensor',
]; // biome-ignore format: a list
const apart =
  (expand: Expand, ...others: readonly string[]): Expand =>
  (to) =>
    to.expandWithout([...readApart, ...others], expand);

export const treeExpansions: Readonly<Record<string, Expand>> = {
  'ai.onnx.ml.TreeEnsemble': apart(TreeEnsemble, 'nodes_hitrates'),
  'ai.onnx.ml.TreeEnsembleClassifier': apart(TreeEnsembleClassifier),
  'ai.onnx.ml.TreeEnsembleRegressor': apart(TreeEnsembleRegressor),
};
