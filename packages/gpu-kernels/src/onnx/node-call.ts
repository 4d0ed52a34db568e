/** What folding and lowering share: a node of the file with its attributes, and its constants. */
import type { GraphAttribute } from '@diptych/plugin-kit';
import { Attributes } from '../graph/attributes.ts';
import { graphInvalid, itemsTogether, type NodePlace, opUnsupported } from '../graph/graph-errors.ts';
import { type Constant, holdsBatch } from './constant.ts';
import type { OnnxNode } from './onnx-model.ts';

/** Attributes as the planner knows them; those that it has no form for (graphs, tensors) are refused by name. */
export function graphAttributes(node: OnnxNode): Record<string, GraphAttribute> {
  const attributes: [string, GraphAttribute][] = [];
  for (const [name, { kind, value }] of node.attributes) {
    if (kind === 'tensor' || kind === 'graph') throw opUnsupported(node, `attribute ${name} is a ${kind}`);
    if (kind === 'strings') throw opUnsupported(node, `attribute ${name} is a list of strings`);
    if (kind === 'unsupported') throw opUnsupported(node, `attribute ${name} is a ${value}`);
    if (kind === 'reference')
      throw graphInvalid(node, `attribute ${name} refers to attribute "${value}" of a function, and it is in none.`);
    attributes.push([name, value]);
  }
  return Object.fromEntries(attributes);
}

/** A node whose inputs are all constants. */
export class FoldCall {
  readonly node: OnnxNode;
  readonly opset: number;
  readonly #inputs: readonly (Constant | undefined)[];
  /** Counts work beyond one number of the result each, before it is done; throws where a file asks for too much of it. */
  readonly spend: (numbers: number) => void;
  #attributes: Attributes | undefined;

  constructor(
    node: OnnxNode,
    opset: number,
    inputs: readonly (Constant | undefined)[],
    spend: FoldCall['spend'] = () => undefined,
  ) {
    this.node = node;
    this.opset = opset;
    this.#inputs = inputs;
    this.spend = spend;
  }

  get place(): string {
    return `Node "${this.node.name}" (${this.node.op})`;
  }

  get count(): number {
    return this.#inputs.length;
  }

  get attributes(): Attributes {
    const { name, op, inputs, outputs } = this.node;
    this.#attributes ??= new Attributes({ name, op, inputs, outputs, attributes: graphAttributes(this.node) });
    return this.#attributes;
  }

  optional(index: number): Constant | undefined {
    return this.#inputs[index];
  }

  input(index: number): Constant {
    const constant = this.#inputs[index];
    if (constant === undefined) throw graphInvalid(this.node, `input ${index} is missing.`);
    return constant;
  }

  /** Input `index` as a list of integers that does not depend on the batch. */
  integers(index: number): number[] {
    return integersOf(this.input(index), this.node);
  }

  /** A list that is an attribute in older opsets and an input in newer ones. */
  list(name: string, index: number): readonly number[] | undefined {
    if (this.attributes.has(name)) return this.attributes.numbers(name, []);
    return this.#inputs[index] === undefined ? undefined : this.integers(index);
  }
}

/** Shapes, axes, pads and sizes of parts; a longer list is a file made to take time. */
const longestList = 4096;

/** Throws GRAPH_INVALID for fractions and overlong lists, OP_UNSUPPORTED for numbers that depend on the batch. */
export function integersOf(constant: Constant, node: NodePlace): number[] {
  if (holdsBatch(constant)) throw opUnsupported(node, `arithmetic with the number of items of the batch. ${itemsTogether}`);
  if (constant.data.length > longestList)
    throw graphInvalid(node, `a list of ${constant.data.length} integers; at most ${longestList} are expected.`);
  const list = [...constant.data];
  if (!list.every(Number.isInteger)) throw graphInvalid(node, 'integers are expected, got fractions.');
  return list;
}
