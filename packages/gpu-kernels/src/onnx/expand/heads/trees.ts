/**
 * TreeEnsembleClassifier, TreeEnsembleRegressor and TreeEnsemble: the leaves that an item comes to, and what is made of their weights.
 * Source: "Operators-ml.md" of ONNX; where that leaves a case open, what onnxruntime 1.32 computes, or a refusal.
 */
import { graphInvalid, opUnsupported } from '../../../graph/graph-errors.ts';
import type { Expand, Expansion } from '../expansion.ts';
import { readNodes, readTreeEnsemble, tensorAttribute, type WeightedForest } from './read-trees.ts';
import { giveLabel, labelsOf, transformed, transformOf } from './scores.ts';
import { leavesOf } from './walk-trees.ts';

/** Numbers of all leaves for all classes or targets: 256 MB. */
const mostWeights = 2 ** 26;

interface Leaves {
  /** `[items, trees, targets]`: what each leaf gives. */
  readonly numbers: string;
  /** The same, 1 where the leaf has a weight for the target; undefined where in some tree every leaf has one, for each target. */
  readonly known: string | undefined;
}

function leafNumbers(to: Expansion, { forest, weights }: WeightedForest, targets: number): Leaves {
  if (!(Number.isInteger(targets) && targets > 0)) throw graphInvalid(to.node, `${targets} targets.`);
  const size = forest.leaves * targets;
  if (size > mostWeights) throw opUnsupported(to.node, `${forest.leaves} leaves for ${targets} targets, at most ${mostWeights} numbers together are implemented`); // biome-ignore format: one condition
  const [table, isKnown] = [new Float32Array(size), new Uint8Array(size)];
  for (const { leaf, target, weight } of weights) {
    if (!(Number.isInteger(target) && target >= 0 && target < targets))
      throw graphInvalid(to.node, `a leaf has a weight for target ${target} of ${targets}.`);
    const at = leaf * targets + target;
    if (isKnown[at] === 1) throw opUnsupported(to.node, 'a leaf with two weights for one target');
    isKnown[at] = 1;
    table[at] = weight;
  }
  const leaves = leavesOf(to, forest);
  const shape = [forest.leaves, targets];
  const numbers = to.add('Gather', [to.computed('float32', shape, (at) => table[at]!), leaves], { axis: 0 });
  if (isKnown.every((known) => known === 1)) return { numbers, known: undefined };
  return { numbers, known: to.add('Gather', [to.computed('float32', shape, (at) => isKnown[at]!), leaves], { axis: 0 }) };
}

const overTrees = (to: Expansion, op: string, name: string): string => to.add(op, [name, to.integers(1)], { keepdims: 0 });

/** One number of all trees for each target, by the aggregate of a regressor. */
function aggregated(to: Expansion, read: WeightedForest, targets: number, aggregate: string): string {
  const { numbers, known } = leafNumbers(to, read, targets);
  if (aggregate === 'SUM') return overTrees(to, 'ReduceSum', numbers);
  if (aggregate === 'AVERAGE')
    return to.add('Div', [overTrees(to, 'ReduceSum', numbers), to.number(read.forest.roots.length)]);
  if (aggregate !== 'MIN' && aggregate !== 'MAX') throw opUnsupported(to.node, `aggregate_function ${aggregate}`);
  if (known !== undefined) throw opUnsupported(to.node, `aggregate_function ${aggregate} of leaves that leave targets out`);
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

function TreeEnsembleRegressor(to: Expansion): void {
  const op = transformOf(to);
  const aggregate = to.attributes.string('aggregate_function', 'SUM');
  const targets = to.attributes.number('n_targets', 1);
  const bases = basesOf(to);
  const read = readNodes(to, 'target');
  to.attributes.finish();
  if (bases.length !== 0 && bases.length !== targets)
    throw graphInvalid(to.node, `${bases.length} base_values for ${targets} targets.`);
  giveTargets(to, plus(to, aggregated(to, read, targets, aggregate), bases), targets, op);
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
  giveTargets(to, aggregated(to, read, targets, aggregates[aggregate] ?? String(aggregate)), targets, 'Identity');
}

/** Weights of one class of two, as scikit-learn's are written: the other has what is left of 1, or the same with the other sign. */
function giveOneOfTwo(to: Expansion, scores: string, arePositive: boolean, op: string, labels: readonly number[] | undefined): void {
  if (op === 'Softmax') throw opUnsupported(to.node, 'post_transform SOFTMAX of weights of one class of two');
  const rest = op === 'Identity' && arePositive ? to.add('Sub', [to.number(1), scores]) : to.add('Neg', [scores]);
  transformed(to, op, to.add('Concat', [rest, scores], { axis: 1 }), 1);
  giveLabel(to, labels, 2, () => {
    const isSecond = to.add('Greater', [scores, to.number(arePositive ? 0.5 : 0)]);
    return to.add('Cast', [to.add('Squeeze', [isSecond, to.integers(1)])], { to: 7 });
  });
} // biome-ignore format: parameters

/** Of two classes that both have weights onnxruntime gives the label 1 wherever the second has more than 0. */
function refuseTwoLabels(to: Expansion): void {
  if (to.isRead(0)) throw opUnsupported(to.node, 'the label of two classes that both have weights, of which runtimes make different ones. Use the scores'); // biome-ignore format: one condition
}

function giveClasses(to: Expansion, read: WeightedForest, classes: number, op: string, bases: readonly number[], labels: readonly number[] | undefined): void {
  const { numbers, known } = leafNumbers(to, read, classes);
  const scores = plus(to, overTrees(to, 'ReduceSum', numbers), bases);
  transformed(to, op, scores, 1);
  if (classes === 2) {
    if (known !== undefined) throw opUnsupported(to.node, 'leaves that leave one of two classes out');
    refuseTwoLabels(to);
    return;
  }
  giveLabel(to, labels, classes, () => {
    // A class for which no tree came to a weight is never the label, though its score is 0.
    const hasScore = known === undefined || bases.length > 0 ? undefined : to.add('Greater', [overTrees(to, 'ReduceMax', known), to.number(0)]); // biome-ignore format: one condition
    const ranked = hasScore === undefined ? scores : to.add('Where', [hasScore, scores, to.number(-Infinity)]);
    return to.add('ArgMax', [ranked], { axis: 1, keepdims: 0 });
  });
} // biome-ignore format: parameters

function TreeEnsembleClassifier(to: Expansion, strings: number): void {
  const op = transformOf(to);
  const labels = labelsOf(to, 'classlabels_int64s');
  const bases = basesOf(to);
  const read = readNodes(to, 'class');
  to.attributes.finish();
  const classes = labels?.length ?? strings;
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

const stringLabels = 'classlabels_strings';

/** Labels that are strings are counted, and nothing is computed from them. */
const labelled: Expand = (to) => {
  const strings = to.inFile.get(stringLabels);
  TreeEnsembleClassifier(to, strings?.kind === 'strings' ? strings.value.length : 0);
};

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
  'ai.onnx.ml.TreeEnsembleClassifier': apart(labelled),
  'ai.onnx.ml.TreeEnsembleRegressor': apart(TreeEnsembleRegressor),
};
