/** What can be wrong with a graph before any op is looked at: names, missing values, cycles. Gives the live nodes in running order. */
import type { GraphNode, ModelGraph, Tensors } from '@diptych/plugin-kit';
import { graphInvalid } from './graph-errors.ts';
import { lengthOf } from './lazy-tensor.ts';
import { showShape, sizeOf } from './shapes.ts';

function producersOf(graph: ModelGraph, weights: Tensors): Map<string, GraphNode | undefined> {
  const producers = new Map<string, GraphNode | undefined>();
  const claim = (name: string, node: GraphNode | undefined): void => {
    if (name === '') return;
    if (producers.has(name)) throw graphInvalid(node ?? `Graph "${graph.name}"`, `value "${name}" is produced twice.`);
    producers.set(name, node);
  };
  for (const name of Object.keys(weights)) claim(name, undefined);
  for (const input of graph.inputs) claim(input.name, undefined);
  for (const node of graph.nodes) for (const output of node.outputs) claim(output, node);
  return producers;
}

function checkDeclarations(graph: ModelGraph, weights: Tensors): void {
  for (const [name, tensor] of Object.entries(weights)) {
    if (lengthOf(tensor) !== sizeOf(tensor.shape)) {
      throw graphInvalid(
        `Weight "${name}"`,
        `shape ${showShape(tensor.shape)} needs ${sizeOf(tensor.shape)} numbers, got ${lengthOf(tensor)}.`,
      );
    }
  }
  for (const input of graph.inputs) {
    if (!input.shape.every((size) => Number.isInteger(size) && size > 0)) {
      throw graphInvalid(
        `Input "${input.name}"`,
        `the shape without batch must hold positive integers, got ${showShape(input.shape)}.`,
      );
    }
  }
  const names = new Set<string>();
  for (const node of graph.nodes) {
    if (names.has(node.name)) throw graphInvalid(node, 'the name of a node must be unique within its graph.');
    names.add(node.name);
  }
  if (graph.outputs.length === 0) throw graphInvalid(`Graph "${graph.name}"`, 'it has no outputs.');
}

/**
 * Nodes that the outputs need, each after the nodes it reads from. ONNX demands sorted nodes; hand-written graphs need not be.
 * Depth-first with an explicit stack, so that a deep network cannot exhaust the call stack.
 */
export function orderNodes(graph: ModelGraph, weights: Tensors): readonly GraphNode[] {
  checkDeclarations(graph, weights);
  const producers = producersOf(graph, weights);
  const ordered: GraphNode[] = [];
  const state = new Map<GraphNode, 'open' | 'done'>();
  const visit = (value: string, reader: GraphNode | undefined, stack: { node: GraphNode; next: number }[]): void => {
    if (!producers.has(value)) {
      throw graphInvalid(
        reader ?? `Graph "${graph.name}"`,
        `value "${value}" is neither an input, a weight, nor produced by a node.`,
      );
    }
    const node = producers.get(value);
    if (node === undefined || state.get(node) === 'done') return;
    if (state.get(node) === 'open') throw graphInvalid(node, `it needs its own output "${value}": the graph has a cycle.`);
    state.set(node, 'open');
    stack.push({ node, next: 0 });
  };
  for (const output of graph.outputs) {
    const stack: { node: GraphNode; next: number }[] = [];
    visit(output, undefined, stack);
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const input = top.node.inputs[top.next++];
      if (input === undefined) {
        state.set(top.node, 'done');
        ordered.push(top.node);
        stack.pop();
      } else if (input !== '') visit(input, top.node, stack);
    }
  }
  return ordered;
}

/** How often each value is read by live nodes or as an output. Fusion needs exactly one reader. */
export function countReaders(nodes: readonly GraphNode[], outputs: readonly string[]): ReadonlyMap<string, number> {
  const readers = new Map<string, number>();
  for (const name of [...nodes.flatMap((node) => node.inputs), ...outputs]) readers.set(name, (readers.get(name) ?? 0) + 1);
  return readers;
}
