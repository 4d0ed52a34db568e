/** The nodes of a graph that its outputs need, in running order. */
import type { GraphNode } from '@diptych/plugin-kit/runtime';
import { orderNodes } from '../graph/check-graph.ts';
import { graphInvalid } from '../graph/graph-errors.ts';
import { capturedBy } from './expand/instantiate.ts';
import type { OnnxGraph, OnnxModel, OnnxNode } from './onnx-model.ts';

/** What a node reads and writes; the values that its bodies read are read by it. */
export const skeletonOf = (node: OnnxNode): GraphNode => {
  const { name, op, inputs, outputs } = node;
  return { name, op, inputs: [...inputs, ...capturedBy(node)], outputs };
};

/** The nodes that the outputs need, in running order; unknown names, double definitions and cycles are GRAPH_INVALID. */
export function orderedNodes(graph: OnnxGraph, outside: readonly string[]): OnnxNode[] {
  const names = [...outside, ...graph.initializers.map(({ name }) => name)];
  const reserved = [...names, ...graph.outputs.map(({ name }) => name)].find((name) => name === '' || name === '__proto__');
  if (reserved !== undefined)
    throw graphInvalid(`Graph "${graph.name}"`, `an input, output or tensor is called "${reserved}".`);
  const byName = new Map(graph.nodes.map((node) => [node.name, node]));
  const skeleton = {
    name: graph.name,
    inputs: names.map((name) => ({ name, shape: [1] })),
    nodes: graph.nodes.map(skeletonOf),
    outputs: graph.outputs.map(({ name }) => name),
  };
  return orderNodes(skeleton, {}).map(({ name }) => byName.get(name)!);
}

export const liveNodes = (model: OnnxModel): OnnxNode[] =>
  orderedNodes(
    model,
    model.inputs.map(({ name }) => name),
  );
