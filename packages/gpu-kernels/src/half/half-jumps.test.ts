import { describe, expect, it } from 'vitest';
import { planGraph } from '../graph/planner.ts';
import { importOnnx } from '../onnx/import-onnx.ts';
import type { OnnxNode, OnnxTensor } from '../onnx/onnx-model.ts';
import { floats, integers, modelOf, node } from '../onnx/test-models.ts';
import { jumpOf } from './half-jumps.ts';

const project = node('MatMul', 'x w', 'f');
const constants = [
  floats('w', [2, 3], 1, 2, 3, 4, 5, 6),
  floats('zero', [], 0),
  floats('table', [4], 5, 6, 7, 8),
  integers('two', 2),
];

function jump(nodes: readonly OnnxNode[], initializers: readonly OnnxTensor[] = constants): string | undefined {
  const { graph, weights } = importOnnx(modelOf(['n', 2], nodes, initializers));
  return jumpOf(planGraph(graph, weights, 2).plan);
}

/** Feature 0 at most 0.5 goes to leaf 1, else to leaf 2. */
const stump = node(
  'TreeEnsembleRegressor',
  'f',
  'y',
  {
    nodes_treeids: [0, 0, 0], nodes_nodeids: [0, 1, 2], nodes_featureids: [0, 0, 0], nodes_values: [0.5, 0, 0],
    nodes_truenodeids: [1, 0, 0], nodes_falsenodeids: [2, 0, 0], target_treeids: [0, 0], target_nodeids: [1, 2],
    target_ids: [0, 0], target_weights: [-1, 1], n_targets: 1,
  },
  'ai.onnx.ml',
); // biome-ignore format: a table
const modes = { kind: 'strings', value: ['BRANCH_LEQ', 'LEAF', 'LEAF'] } as const;
const tree = { ...stump, attributes: new Map([...stump.attributes, ['nodes_modes', modes] as const]) };

describe('scores that jump in half precision', () => {
  it('are those of trees behind a product, not those of trees over numbers that are given', () => {
    expect(jump([project, tree])).toMatch(/TreeEnsembleRegressor.*LessOrEqual/);
    expect(jump([node('Mul', 'x x', 'f'), tree])).toBeUndefined();
  });

  it('are those of trees over numbers that are given, where these are what a tower gives', () => {
    const { graph, weights } = importOnnx(modelOf(['n', 2], [node('Identity', 'x', 'f'), tree], constants));
    expect(jumpOf(planGraph(graph, weights, 2).plan, true)).toMatch(/TreeEnsembleRegressor/);
    const linear = importOnnx(modelOf(['n', 2], [node('MatMul', 'x w', 'y')], constants));
    expect(jumpOf(planGraph(linear.graph, linear.weights, 2).plan, true)).toBeUndefined();
  });

  it('are those of a table that is read where an answer says', () => {
    const less = node('Less', 'f zero', 'less');
    const place = node('Cast', 'less', 'place', { to: 7 });
    expect(jump([project, less, place, node('Gather', 'table place', 'y')])).toMatch(/Less of less/);
    const best = [node('TopK', 'f two', 'v p', { axis: 1 }), node('GatherElements', 'f p', 'y', { axis: 1 })];
    expect(jump([project, ...best])).toMatch(/TopK/);
  });

  it('are those of votes that are counted, not those of truth, which is no score', () => {
    const less = node('Less', 'f zero', 'less');
    const counted = [less, node('Cast', 'less', 'votes', { to: 1 }), node('ReduceMean', 'votes', 'y', { axes: [1], keepdims: 1 })]; // biome-ignore format: one list
    expect(jump([project, ...counted])).toMatch(/Less of less/);
    expect(jump([project, node('Less', 'f zero', 'y')])).toBeUndefined();
  });

  it('are not those of functions that are written out by an answer, nor of masks', () => {
    const less = node('Less', 'f zero', 'less');
    const scaled = node('Mul', 'f two_tenths', 'scaled');
    const constant = [...constants, floats('two_tenths', [], 0.2)];
    expect(jump([project, less, scaled, node('Where', 'less scaled f', 'y')], constant)).toBeUndefined();
    expect(jump([project, less, node('Cast', 'less', 'mask', { to: 1 }), node('Mul', 'f mask', 'y')])).toBeUndefined();
  });

  it('are not those of tables that are read at given places', () => {
    const clipped = [node('Clip', 'x zero', 'c'), node('Cast', 'c', 'place', { to: 7 })];
    expect(jump([...clipped, node('Gather', 'table place', 'y')])).toBeUndefined();
  });
});
