/**
 * Nodes of a function or of a branch, with names of their own, to stand in another graph. What hostile files could
 * multiply is counted: nodes, and characters of names.
 */
import { graphInvalid } from '../../graph/graph-errors.ts';
import type { OnnxAttributeValue, OnnxGraph, OnnxNode } from '../onnx-model.ts';

/** Exporters write some thousand nodes in all functions together; names of a hundred characters. */
const maxNodes = 200_000;
const maxCharacters = 2 ** 25;

/** What one import may still write. */
export class Budget {
  #nodes = maxNodes;
  #characters = maxCharacters;

  /** A name counts one more than its characters, so that a list of empty ones is not free. */
  spend(nodes: number, names: readonly string[], place: string): void {
    this.#nodes -= nodes;
    for (const name of names) this.#characters -= name.length + 1;
    if (this.#nodes < 0 || this.#characters < 0)
      throw graphInvalid(place, `functions and branches would become more than ${maxNodes} nodes or ${maxCharacters} characters of names.`); // biome-ignore format: one message
  }
}

/** Names of the surroundings by the names inside; inside names that it lacks are put behind `prefix`. */
export interface Names {
  readonly prefix: string;
  readonly map: ReadonlyMap<string, string>;
  /** Attributes that references inside stand for; undefined where references are left to an outer function. */
  readonly attributes?: OnnxNode['attributes'];
}

const definedIn = (nodes: readonly OnnxNode[]): string[] => nodes.flatMap(({ outputs }) => outputs);

/** Names inside that stay as they are, because they are of the surroundings, map to themselves or through `map`. */
function scopeOf({ prefix, map }: Names, defined: Iterable<string>): Map<string, string> {
  const scope = new Map(map);
  for (const name of defined) if (name !== '' && !map.has(name)) scope.set(name, prefix + name);
  return scope;
}

export function instantiate(nodes: readonly OnnxNode[], names: Names, budget: Budget): OnnxNode[] {
  const scope = scopeOf(names, definedIn(nodes));
  const rename = (name: string): string => scope.get(name) ?? name;
  return nodes.map((node) => {
    const spent = [node.name, names.prefix, ...node.inputs, ...node.outputs, ...node.attributes.keys()];
    budget.spend(1, spent, `Node "${node.name}" (${node.op})`);
    return {
      ...node,
      name: names.prefix + node.name,
      inputs: node.inputs.map(rename),
      outputs: node.outputs.map(rename),
      attributes: attributesOf(node, { ...names, map: scope }, budget),
    };
  });
}

function attributesOf(node: OnnxNode, names: Names, budget: Budget): OnnxNode['attributes'] {
  const attributes = new Map<string, OnnxAttributeValue>();
  for (const [name, attribute] of node.attributes) {
    if (attribute.kind === 'graph') attributes.set(name, { kind: 'graph', value: instantiateGraph(attribute.value, names, budget) });
    else if (attribute.kind !== 'reference' || names.attributes === undefined) attributes.set(name, attribute);
    else {
      // A function's attribute that the caller leaves out is left out inside, too.
      const given = names.attributes.get(attribute.value);
      if (given !== undefined) attributes.set(name, given);
    }
  }
  return attributes;
} // biome-ignore format: one line

/** A body: what it defines is its own, all else is of the surroundings. */
export function instantiateGraph(graph: OnnxGraph, names: Names, budget: Budget): OnnxGraph {
  const own = [...graph.initializers, ...graph.inputs].map(({ name }) => name);
  budget.spend(0, [...own, ...graph.outputs.map(({ name }) => name), ...names.map.keys()], `Graph "${graph.name}"`);
  const defined = new Set([...own, ...definedIn(graph.nodes)]);
  // Inside, its own names hide those of the surroundings.
  const outer = new Map([...names.map].filter(([name]) => !defined.has(name)));
  const scope = scopeOf({ ...names, map: outer }, defined);
  const rename = (name: string): string => scope.get(name) ?? name;
  return {
    ...graph,
    nodes: instantiate(graph.nodes, { ...names, map: scope }, budget),
    initializers: graph.initializers.map((tensor) => ({ ...tensor, name: rename(tensor.name) })),
    inputs: graph.inputs.map((input) => ({ ...input, name: rename(input.name) })),
    outputs: graph.outputs.map((output) => ({ ...output, name: rename(output.name) })),
  };
}

/** Values of the surroundings that the bodies of a node read, in no order. Depth is bounded by the reader. */
export function capturedBy(node: OnnxNode): ReadonlySet<string> {
  const captured = new Set<string>();
  for (const attribute of node.attributes.values()) {
    if (attribute.kind !== 'graph') continue;
    const { nodes, initializers, inputs, outputs } = attribute.value;
    const own = new Set([...initializers, ...inputs].map(({ name }) => name).concat(definedIn(nodes)));
    const read = [...nodes.flatMap((inner) => [...inner.inputs, ...capturedBy(inner)]), ...outputs.map(({ name }) => name)];
    for (const name of read) if (name !== '' && !own.has(name)) captured.add(name);
  }
  return captured;
}
