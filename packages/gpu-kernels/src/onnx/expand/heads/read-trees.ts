/** Forests from the node lists of TreeEnsembleClassifier and -Regressor (ai.onnx.ml 1 and 3) and of TreeEnsemble (5). */
import { graphInvalid, opUnsupported } from '../../../graph/graph-errors.ts';
import { decodeTensor } from '../../constant.ts';
import type { Expansion } from '../expansion.ts';
import { type Decision, decisionOf, type Forest, forestOf } from './forest.ts';

/** Numbers of an attribute that is a tensor; float64 ones are of networks in float64. */
export function tensorAttribute(to: Expansion, name: string): { type: string; data: ArrayLike<number> } | undefined {
  const attribute = to.inFile.get(name);
  if (attribute === undefined) return undefined;
  if (attribute.kind !== 'tensor') throw graphInvalid(to.node, `attribute ${name} must be a tensor.`);
  const { type, data } = decodeTensor(attribute.value, `Node "${to.node.name}" (${to.node.op}), attribute ${name}`);
  if (type === 'float64') throw opUnsupported(to.node, `attribute ${name} in float64: export the head from features in float32`);
  return { type, data };
} // biome-ignore format: one condition

/** A list that is floats, or a tensor in its place (ai.onnx.ml 3). */
export const floatsOf = (to: Expansion, name: string): ArrayLike<number> =>
  tensorAttribute(to, `${name}_as_tensor`)?.data ?? to.attributes.numbers(name, []);

function sameLength(to: Expansion, lists: Readonly<Record<string, { readonly length: number }>>): number {
  const lengths = Object.entries(lists).map(([name, { length }]) => `${length} ${name}`);
  const [first] = Object.values(lists);
  if (Object.values(lists).some(({ length }) => length !== first!.length))
    throw graphInvalid(to.node, `lists of one length are expected, got ${lengths.join(', ')}.`);
  return first!.length;
}

/** One for each node, or left out. */
function missingOf(to: Expansion, count: number): readonly number[] {
  const missing = to.attributes.numbers('nodes_missing_value_tracks_true', []);
  if (missing.length !== 0 && missing.length !== count)
    throw graphInvalid(to.node, `${missing.length} nodes_missing_value_tracks_true for ${count} nodes.`);
  return missing;
}

/** Strings are no attribute of the planner. */
function modesOf(to: Expansion): readonly string[] {
  const modes = to.inFile.get('nodes_modes');
  if (modes?.kind === 'strings') return modes.value;
  if (modes === undefined || (modes.kind === 'numbers' && modes.value.length === 0)) return [];
  throw graphInvalid(to.node, 'attribute nodes_modes must be a list of strings.');
}

/** Finds nodes by tree and number, which files give in any order. */
class Places {
  readonly #to: Expansion;
  readonly #byTree = new Map<number, Map<number, number>>();

  constructor(to: Expansion) {
    this.#to = to;
  }

  add(tree: number, id: number, place: number): void {
    const nodes = this.#byTree.get(tree) ?? new Map<number, number>();
    this.#byTree.set(tree, nodes);
    if (nodes.has(id)) throw graphInvalid(this.#to.node, `node ${id} of tree ${tree} is there twice.`);
    nodes.set(id, place);
  }

  at(tree: number, id: number): number {
    const place = this.#byTree.get(tree)?.get(id);
    if (place === undefined) throw graphInvalid(this.#to.node, `node ${id} of tree ${tree} is named and not there.`);
    return place;
  }
}

export interface WeightedForest {
  readonly forest: Forest;
  /** One number of a leaf for a class or target. */
  readonly weights: readonly { readonly leaf: number; readonly target: number; readonly weight: number }[];
}

/** Lists of ai.onnx.ml 1 and 3. The first node of each tree is its root, as in onnxruntime. */
export function readNodes(to: Expansion, of: 'class' | 'target'): WeightedForest {
  const list = (name: string): readonly number[] => to.attributes.numbers(name, []);
  const [trees, ids, features] = [list('nodes_treeids'), list('nodes_nodeids'), list('nodes_featureids')];
  const [yes, no, modes, values] = [list('nodes_truenodeids'), list('nodes_falsenodeids'), modesOf(to), floatsOf(to, 'nodes_values')]; // biome-ignore format: one list
  const count = sameLength(to, { nodes_treeids: trees, nodes_nodeids: ids, nodes_featureids: features, nodes_truenodeids: yes, nodes_falsenodeids: no, nodes_modes: modes, nodes_values: values }); // biome-ignore format: one list
  const missing = missingOf(to, count);
  list('nodes_hitrates');
  const columns = to.shapeOfRank(0, 2)[1]!;
  const places = new Places(to);
  const isLeaf = modes.map((mode) => mode === 'LEAF');
  const leaves = isLeaf.reduce((sum, leaf) => sum + Number(leaf), 0);
  const roots: number[] = [];
  const seen = new Set<number>();
  let [nextDecision, nextLeaf] = [0, count - leaves];
  for (let at = 0; at < count; at++) {
    const place = isLeaf[at] ? nextLeaf++ : nextDecision++;
    places.add(trees[at]!, ids[at]!, place);
    if (at > 0 && trees[at] === trees[at - 1]) continue;
    if (seen.has(trees[at]!)) throw graphInvalid(to.node, `the nodes of tree ${trees[at]} do not stand together.`);
    seen.add(trees[at]!);
    roots.push(place);
  }
  const decisions: Decision[] = [];
  for (let at = 0; at < count; at++) {
    if (isLeaf[at]) continue;
    const mode = modes[at]!.replace(/^BRANCH_/, '');
    const [whenTrue, whenFalse] = [places.at(trees[at]!, yes[at]!), places.at(trees[at]!, no[at]!)];
    const asked = { feature: features[at]!, threshold: values[at]!, missingIsTrue: missing[at] === 1, whenTrue, whenFalse };
    decisions.push(decisionOf({ mode, ...asked }, to.node));
  }
  const forest = forestOf(decisions, leaves, roots, columns, to.node);
  return { forest, weights: readWeights(to, of, places, decisions.length) };
}

function readWeights(to: Expansion, of: 'class' | 'target', places: Places, decisions: number): WeightedForest['weights'] {
  const list = (name: string): readonly number[] => to.attributes.numbers(`${of}_${name}`, []);
  const [trees, nodes, ids, weights] = [list('treeids'), list('nodeids'), list('ids'), floatsOf(to, `${of}_weights`)];
  const count = sameLength(to, { [`${of}_treeids`]: trees, [`${of}_nodeids`]: nodes, [`${of}_ids`]: ids, [`${of}_weights`]: weights }); // biome-ignore format: one list
  return Array.from({ length: count }, (_, at) => {
    const place = places.at(trees[at]!, nodes[at]!);
    if (place < decisions) throw graphInvalid(to.node, `node ${nodes[at]} of tree ${trees[at]} has a weight and is no leaf.`);
    return { leaf: place - decisions, target: ids[at]!, weight: weights[at]! };
  }); // biome-ignore format: one condition
}

const modeNames = ['LEQ', 'LT', 'GTE', 'GT', 'EQ', 'NEQ'];
const isMember = 6;

/** Lists of numbers, one for each node that asks for membership, each ended by NaN. */
function membersOf(to: Expansion, nodes: number): readonly (readonly number[])[] {
  const { data } = tensorAttribute(to, 'membership_values') ?? { data: [] };
  const sets: number[][] = [];
  let set: number[] = [];
  for (const value of Array.from(data)) {
    if (!Number.isNaN(value)) set.push(value);
    else {
      sets.push(set);
      set = [];
    }
  }
  if (set.length > 0) sets.push(set);
  if (sets.length !== nodes || sets.some(({ length }) => length === 0))
    throw graphInvalid(to.node, `${sets.length} sets of membership_values for ${nodes} nodes that ask for one.`);
  return sets;
}

/** Lists of ai.onnx.ml 5: leaves apart from nodes, and a node that asks for membership is one for each member. */
export function readTreeEnsemble(to: Expansion): WeightedForest {
  const list = (name: string): readonly number[] => to.attributes.numbers(name, []);
  const splits = tensorAttribute(to, 'nodes_splits')?.data ?? [];
  const modes = tensorAttribute(to, 'nodes_modes')?.data ?? [];
  const [features, yes, no] = [list('nodes_featureids'), list('nodes_truenodeids'), list('nodes_falsenodeids')];
  const [yesIsLeaf, noIsLeaf, roots] = [list('nodes_trueleafs'), list('nodes_falseleafs'), list('tree_roots')];
  const count = sameLength(to, { nodes_splits: splits, nodes_modes: modes, nodes_featureids: features, nodes_truenodeids: yes, nodes_falsenodeids: no, nodes_trueleafs: yesIsLeaf, nodes_falseleafs: noIsLeaf }); // biome-ignore format: one list
  const missing = missingOf(to, count);
  const [targets, weights] = [list('leaf_targetids'), tensorAttribute(to, 'leaf_weights')?.data ?? []];
  const leaves = sameLength(to, { leaf_targetids: targets, leaf_weights: weights });
  const columns = to.shapeOfRank(0, 2)[1]!;
  const asking = Array.from(modes).flatMap((mode, at) => (mode === isMember ? [at] : []));
  const sets = new Map(membersOf(to, asking.length).map((set, at) => [asking[at]!, set]));
  const first: number[] = [];
  let decisionCount = 0;
  for (let at = 0; at < count; at++) {
    first.push(decisionCount);
    decisionCount += sets.get(at)?.length ?? 1;
  }
  const placeOf = (id: number, leaf: number | undefined): number => {
    const place = leaf === 1 ? (id < leaves ? id + decisionCount : Number.NaN) : (first[id] ?? Number.NaN);
    if (!(Number.isInteger(id) && id >= 0 && Number.isInteger(place))) throw graphInvalid(to.node, `a tree names ${leaf === 1 ? 'leaf' : 'node'} ${id}, which is not there.`); // biome-ignore format: one condition
    return place;
  };
  const decisions: Decision[] = [];
  for (let at = 0; at < count; at++) {
    const [whenTrue, whenFalse] = [placeOf(yes[at]!, yesIsLeaf[at]), placeOf(no[at]!, noIsLeaf[at])];
    const asked = { feature: features[at]!, missingIsTrue: missing[at] === 1, whenTrue };
    const set = sets.get(at);
    if (set === undefined) {
      const mode = modeNames[modes[at]!] ?? String(modes[at]);
      decisions.push(decisionOf({ mode, ...asked, threshold: splits[at]!, whenFalse }, to.node));
      continue;
    }
    for (const [place, threshold] of set.entries()) {
      const next = place + 1 < set.length ? first[at]! + place + 1 : whenFalse;
      decisions.push({ ...asked, comparison: 'EQ', threshold, whenFalse: next });
    }
  }
  const forest = forestOf(decisions, leaves, roots.map((root) => placeOf(root, 0)), columns, to.node); // biome-ignore format: one call
  return { forest, weights: targets.map((target, leaf) => ({ leaf, target, weight: weights[leaf]! })) };
}
