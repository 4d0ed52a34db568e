/** Heads that are no such thing, or made to do harm: each ends quickly in an error that says why. */
import { isDiptychError } from '@diptych/plugin-kit';
import { describe, expect, it } from 'vitest';
import type { OnnxNode } from './onnx-model.ts';
import { modelOf, node, run } from './test-models.ts';

type Lists = Readonly<Record<string, readonly number[] | number | string>>;

/** A stump: feature 0 at most 0.5 goes to leaf 1, else to leaf 2. */
const stump = {
  nodes_treeids: [0, 0, 0], nodes_nodeids: [0, 1, 2], nodes_featureids: [0, 0, 0], nodes_values: [0.5, 0, 0],
  nodes_truenodeids: [1, 0, 0], nodes_falsenodeids: [2, 0, 0], target_treeids: [0, 0], target_nodeids: [1, 2],
  target_ids: [0, 0], target_weights: [-1, 1], n_targets: 1,
}; // biome-ignore format: a table

function trees(lists: Lists, modes: readonly string[] = ['BRANCH_LEQ', 'LEAF', 'LEAF'], op = 'TreeEnsembleRegressor'): OnnxNode {
  const made = node(op, 'x', op === 'TreeEnsembleRegressor' ? 'y' : 'label y', lists, 'ai.onnx.ml');
  return { ...made, attributes: new Map([...made.attributes, ['nodes_modes', { kind: 'strings', value: modes }]]) };
} // biome-ignore format: parameters

async function refused(given: OnnxNode): Promise<string> {
  const started = process.threadCpuUsage();
  const error: unknown = await run(modelOf(['n', 2], [given]), [0, 0]).then(
    () => 'it ran',
    (reason: unknown) => reason,
  );
  const { user, system } = process.threadCpuUsage(started);
  expect((user + system) / 1e6).toBeLessThan(10);
  expect(isDiptychError(error) ? error.code : error).toMatch(/^(GRAPH_INVALID|OP_UNSUPPORTED)$/);
  return (error as Error).message;
}

describe('trees of a file', () => {
  it('send a number on the threshold to the side of at most', async () => {
    expect(await run(modelOf(['n', 2], [trees(stump)]), [0.5, 9, 0.50000006, 9, -1, 9])).toEqual([-1, 1, -1]);
  });

  it('may be single leaves', async () => {
    const leaf = { ...stump, nodes_treeids: [0], nodes_nodeids: [0], nodes_featureids: [0], nodes_values: [0], nodes_truenodeids: [0], nodes_falsenodeids: [0], target_treeids: [0], target_nodeids: [0], target_ids: [0], target_weights: [3] }; // biome-ignore format: one object
    expect(await run(modelOf(['n', 2], [trees(leaf, ['LEAF'])]), [5, 6, 7, 8])).toEqual([3, 3]);
  });

  it.each<[string, Lists, RegExp]>([
    ['a node that is its own child', { nodes_truenodeids: [0, 0, 0] }, /among its own children/],
    ['a child that is not there', { nodes_falsenodeids: [7, 0, 0] }, /node 7 of tree 0/],
    ['a child of another tree', { nodes_treeids: [0, 0, 1], target_treeids: [0, 1] }, /node 2 of tree 0/],
    ['a node that is there twice', { nodes_nodeids: [0, 1, 1] }, /there twice/],
    ['lists of several lengths', { nodes_values: [0.5] }, /1 nodes_values/],
    ['a feature that the input lacks', { nodes_featureids: [2, 0, 0] }, /feature 2, the input has 2/],
    ['a feature below 0', { nodes_featureids: [-1, 0, 0] }, /feature -1/],
    ['a weight of a target that is not there', { target_ids: [0, 1] }, /target 1 of 1/],
    ['a weight of a node that is no leaf', { target_nodeids: [0, 2] }, /is no leaf/],
    ['two weights of a leaf', { target_nodeids: [1, 1] }, /two weights/],
    ['a billion targets', { n_targets: 1e9 }, /at most/],
    ['targets that are no number of such', { n_targets: -1 }, /-1 targets/],
    ['an aggregate of no name', { aggregate_function: 'MEDIAN' }, /MEDIAN/],
    ['a transform of one target', { post_transform: 'LOGISTIC' }, /one target/],
    ['base values of other targets', { base_values: [1, 2] }, /2 base_values/],
    [
      'base values of a target without weights',
      { n_targets: 2, base_values: [1, 2] },
      /may come to no weight.*one model for each target/,
    ],
    ['trees that do not stand together', { nodes_treeids: [0, 1, 0] }, /do not stand together/],
    ['an unknown attribute', { colour: 'red' }, /colour/],
  ])('%s are refused', async (_, lists, message) => {
    expect(await refused(trees({ ...stump, ...lists }))).toMatch(message);
  });

  it('ask in ways that are known', async () => {
    expect(await refused(trees(stump, ['BRANCH_MAYBE', 'LEAF', 'LEAF']))).toMatch(/BRANCH_MAYBE/);
  });

  it('do not go round in a ring, or a hundred thousand deep', async () => {
    const count = 100_000;
    const up = Array.from({ length: count }, (_, at) => at);
    const chain = (last: number): Lists => ({
      ...stump, nodes_treeids: up.map(() => 0), nodes_nodeids: up, nodes_featureids: up.map(() => 0), nodes_values: up.map(() => 0),
      nodes_truenodeids: up.map((at) => (at + 2 < count ? at + 1 : last)), nodes_falsenodeids: up.map(() => count - 1),
      target_treeids: [0], target_nodeids: [count - 1], target_ids: [0], target_weights: [1],
    }); // biome-ignore format: an object
    const modes = up.map((at) => (at === count - 1 ? 'LEAF' : 'BRANCH_LT'));
    expect(await refused(trees(chain(count - 1), modes))).toMatch(/99999 decisions one after the other/);
    expect(await refused(trees(chain(5), modes))).toMatch(/among its own children/);
  });

  it('share nodes without being walked twice', async () => {
    const levels = 40;
    const ids = Array.from({ length: levels + 1 }, (_, at) => at);
    const both = ids.map((at) => Math.min(at + 1, levels));
    const shared = { ...stump, nodes_treeids: ids.map(() => 0), nodes_nodeids: ids, nodes_featureids: ids.map(() => 0), nodes_values: ids.map(() => 0), nodes_truenodeids: both, nodes_falsenodeids: both, target_treeids: [0], target_nodeids: [levels], target_ids: [0], target_weights: [2] }; // biome-ignore format: one object
    const modes = ids.map((at) => (at === levels ? 'LEAF' : 'BRANCH_GT'));
    expect(await run(modelOf(['n', 2], [trees(shared, modes)]), [1, 2])).toEqual([2]);
  });
});

describe('classes of trees', () => {
  const classes = {
    ...Object.fromEntries(Object.entries(stump).filter(([name]) => name.startsWith('nodes_'))),
    class_treeids: [0, 0], class_nodeids: [1, 2], class_ids: [0, 0], class_weights: [0.25, 0.75],
  }; // biome-ignore format: a table
  const head = (lists: Lists): OnnxNode => trees({ ...classes, ...lists }, undefined, 'TreeEnsembleClassifier');

  it('have what the weights leave of 1', async () => {
    expect(await run(modelOf(['n', 2], [head({ classlabels_int64s: [4, 9] })]), [0, 0, 1, 0])).toEqual([0.75, 0.25, 0.25, 0.75]); // biome-ignore format: one call
  });

  it.each<[string, Lists, RegExp]>([
    ['one class', { classlabels_int64s: [4] }, /1 labels/],
    ['no labels', {}, /0 labels/],
    ['SOFTMAX of one class of two', { classlabels_int64s: [4, 9], post_transform: 'SOFTMAX' }, /SOFTMAX/],
    ['PROBIT', { classlabels_int64s: [4, 9], post_transform: 'PROBIT' }, /PROBIT/],
    ['two base values of two classes', { classlabels_int64s: [4, 9], base_values: [1, 2] }, /2 base_values for 2 classes/],
    ['weights of the second class alone', { classlabels_int64s: [4, 9], class_ids: [1, 1] }, /second alone/],
  ])('%s are refused', async (_, lists, message) => {
    expect(await refused(head(lists))).toMatch(message);
  });
});

describe('labels of two classes that both have weights', () => {
  const weights = (second: readonly number[], labels: readonly number[]): Lists => ({
    ...Object.fromEntries(Object.entries(stump).filter(([name]) => name.startsWith('nodes_'))),
    class_treeids: [0, 0, 0, 0], class_nodeids: [1, 1, 2, 2], class_ids: [0, 1, 0, 1], class_weights: [0.25, second[0]!, 0, second[1]!],
    classlabels_int64s: labels,
  }); // biome-ignore format: a table
  const head = (second: readonly number[], labels: readonly number[] = [0, 1]): OnnxNode => {
    const made = trees(weights(second, labels), undefined, 'TreeEnsembleClassifier');
    return { ...made, outputs: ['y', 'scores'] };
  };

  it('are the second where it has more than 0, of weights that are opposites', async () => {
    expect(await run(modelOf(['n', 2], [head([-0.25, 0])]), [0, 0, 1, 0])).toEqual([0, 0]);
  });

  it('are refused where runtimes take different ones', async () => {
    expect(await refused(head([0.125, 0]))).toMatch(/Use the scores/);
    expect(await refused(head([-0.25, 0], [4, 9]))).toMatch(/Use the scores/);
  });
});

describe('tables that are asked', () => {
  const encoder = (lists: Lists): OnnxNode => node('LabelEncoder', 'x', 'y', lists, 'ai.onnx.ml');
  const columns = (lists: Lists): OnnxNode => node('OneHotEncoder', 'x', 'y', lists, 'ai.onnx.ml');

  it('give the fallback to what is no key, and to what is no number', async () => {
    const given = encoder({ keys_floats: [0.5, 2], values_floats: [7, 8] });
    expect(await run(modelOf(['n', 2], [given]), [2, 0.5, Number.NaN, 1e9])).toEqual([8, 7, -0, -0]);
  });

  it.each<[string, OnnxNode, RegExp]>([
    ['strings', { ...encoder({ keys_floats: [1] }), attributes: new Map([['keys_strings', { kind: 'strings', value: ['real'] }]]) }, /strings/],
    ['no values', encoder({ keys_floats: [1] }), /one list of values/],
    ['two lists of keys', encoder({ keys_floats: [1], keys_int64s: [1], values_floats: [1] }), /one list of keys/],
    ['keys without values', encoder({ keys_floats: [1, 2], values_floats: [1] }), /2 keys for 1 values/],
    ['a key twice', encoder({ keys_floats: [1, 1], values_floats: [1, 2] }), /the key 1 twice/],
    ['a key that is no number', encoder({ keys_floats: [Number.NaN], values_floats: [1] }), /no number/],
    ['values that float32 does not hold', encoder({ keys_floats: [1], values_int64s: [2 ** 24 + 1] }), /16777217/],
    ['half a million keys that are far apart', encoder({ keys_floats: Array.from({ length: 2 ** 19 + 1 }, (_, at) => at + 0.5), values_floats: new Array<number>(2 ** 19 + 1).fill(1) }), /comparisons/],
    ['columns that end a run', columns({ cats_int64s: [1], zeros: 0 }), /handle_unknown/],
    ['no columns', columns({}), /categories/],
    ['a column twice', columns({ cats_int64s: [1, 1] }), /twice/],
  ])('%s are refused', async (_, given, message) => {
    expect(await refused(given)).toMatch(message);
  }); // biome-ignore format: a table
});

describe('linear classes', () => {
  const head = (lists: Lists): OnnxNode => node('LinearClassifier', 'x', 'y scores', { coefficients: [1, 1], intercepts: [0], ...lists }, 'ai.onnx.ml'); // biome-ignore format: one call

  it('are two where one row has two labels', async () => {
    expect(await run(modelOf(['n', 2], [head({ classlabels_ints: [4, 9] })]), [-1, 0, 1, 1])).toEqual([4, 9]);
  });

  it.each<[string, Lists, RegExp]>([
    ['one label of one row', { classlabels_ints: [4] }, /1 labels for one row/],
    ['no labels of one row', {}, /0 labels for one row/],
    ['three labels of two rows', { coefficients: [1, 1, 0, 1], intercepts: [0, 0], classlabels_ints: [4, 9, 2] }, /3 labels for 2 classes/],
    ['no labels of two rows', { coefficients: [1, 1, 0, 1], intercepts: [0, 0] }, /left out/],
  ])('%s are refused', async (_, lists, message) => {
    expect(await refused(head(lists))).toMatch(message);
  }); // biome-ignore format: a table
});

describe('support vectors of a file', () => {
  const vectors = {
    kernel_type: 'RBF',
    kernel_params: [1, 0, 0],
    support_vectors: [0, 0, 1, 1],
    coefficients: [1, -1],
    rho: [0.5],
  };
  const regressor = (lists: Lists): OnnxNode =>
    node('SVMRegressor', 'x', 'y', { ...vectors, n_supports: 2, ...lists }, 'ai.onnx.ml');
  const classifier = (lists: Lists): OnnxNode =>
    node(
      'SVMClassifier',
      'x',
      'label y',
      { ...vectors, vectors_per_class: [1, 1], classlabels_ints: [4, 9], ...lists },
      'ai.onnx.ml',
    );

  it('weigh how near the features are', async () => {
    const [y] = await run(modelOf(['n', 2], [regressor({})]), [0, 0]);
    expect(y).toBeCloseTo(1 - Math.exp(-2) + 0.5, 6);
  });

  it.each<[string, OnnxNode, RegExp]>([
    ['a count that lies', regressor({ n_supports: 3 }), /2 coefficients for 3/],
    ['vectors of other features', regressor({ support_vectors: [0, 0, 1] }), /3 numbers of support_vectors/],
    ['no vectors', regressor({ n_supports: 0 }), /LinearRegressor/],
    ['a kernel of no name', regressor({ kernel_type: 'WAVE' }), /WAVE/],
    ['two numbers of rho', regressor({ rho: [1, 2] }), /rho/],
    ['a transform', regressor({ post_transform: 'LOGISTIC' }), /post_transform/],
    ['coefficients of other classes', classifier({ coefficients: [1, 2, 3] }), /3 coefficients/],
    ['numbers of vectors that lie', classifier({ vectors_per_class: [1, 2 ** 40] }), /whole numbers/],
    ['numbers of vectors below 0', classifier({ vectors_per_class: [3, -1] }), /whole numbers/],
    ['no numbers of vectors', classifier({ vectors_per_class: [] }), /LinearClassifier/],
    ['half a sigmoid', classifier({ prob_a: [1] }), /prob_b/],
  ])('%s are refused', async (_, given, message) => {
    expect(await refused(given)).toMatch(message);
  });
});

describe('distances to points', () => {
  it('that are computed are refused', async () => {
    expect(await refused(node('CDist', 'x x', 'y', {}, 'com.microsoft'))).toMatch(/constant points/);
  });
});
