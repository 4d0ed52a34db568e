/** One node of the file while it is written as several other nodes of ONNX, which are imported in its place. */
import { Attributes } from '../../graph/attributes.ts';
import { graphInvalid, opUnsupported } from '../../graph/graph-errors.ts';
import { sizeOf } from '../../graph/shapes.ts';
import { onnxShape, usual } from '../batch/layout.ts';
import { allocate, type Constant, makeConstant } from '../constant.ts';
import type { ImportState } from '../import-state.ts';
import { graphAttributes } from '../node-call.ts';
import { type ElementType, type OnnxAttributeValue, type OnnxNode, ownDomain } from '../onnx-model.ts';

type AttributeValue = number | string | readonly number[];
type Given = OnnxNode['attributes'] | Readonly<Record<string, AttributeValue>>;

const attributeOf = (value: AttributeValue): OnnxAttributeValue =>
  typeof value === 'number'
    ? { kind: 'number', value }
    : typeof value === 'string'
      ? { kind: 'string', value }
      : { kind: 'numbers', value };

const asMap = (given: Given): OnnxNode['attributes'] =>
  given instanceof Map
    ? (given as OnnxNode['attributes'])
    : new Map(Object.entries(given as Record<string, AttributeValue>).map(([name, value]) => [name, attributeOf(value)]));

export class Expansion {
  readonly nodes: OnnxNode[] = [];
  readonly node: OnnxNode;
  readonly state: ImportState;
  /** Attributes as in the file; `attributes` are those that an op reads one by one. */
  readonly inFile: OnnxNode['attributes'];
  readonly #isRead: (name: string) => boolean;
  #attributes: Attributes | undefined;

  constructor(
    node: OnnxNode,
    state: ImportState,
    isRead: (name: string) => boolean,
    inFile: OnnxNode['attributes'] = node.attributes,
  ) {
    this.node = node;
    this.state = state;
    this.inFile = inFile;
    this.#isRead = isRead;
  }

  /** Read one by one; `finish` refuses the rest. */
  get attributes(): Attributes {
    const { name, op, inputs, outputs } = this.node;
    this.#attributes ??= new Attributes({ name, op, inputs, outputs, attributes: graphAttributes(this.node) });
    return this.#attributes;
  }

  /** As in the file, but for some. */
  attributesWithout(...names: readonly string[]): OnnxNode['attributes'] {
    return new Map([...this.node.attributes].filter(([name]) => !names.includes(name)));
  }

  /** Expands the node by its other attributes: these, lists of strings or tensors, are read from `inFile`. */
  expandWithout(names: readonly string[], expand: Expand): void {
    const inner = new Expansion({ ...this.node, attributes: this.attributesWithout(...names) }, this.state, this.#isRead, this.inFile); // biome-ignore format: one call
    expand(inner);
    this.nodes.push(...inner.nodes);
  }

  fresh(wish: string): string {
    return this.state.freshName(`${this.node.name}/${wish}`);
  }

  has(index: number): boolean {
    return (this.node.inputs[index] ?? '') !== '';
  }

  input(index: number): string {
    if (!this.has(index)) throw graphInvalid(this.node, `input ${index} is missing.`);
    return this.node.inputs[index]!;
  }

  optional(index: number): string {
    return this.node.inputs[index] ?? '';
  }

  constant(index: number): Constant | undefined {
    return this.has(index) ? this.state.constantOf(this.input(index)) : undefined;
  }

  /** ONNX shape of input `index`; the batch in it is `batchEntry`. */
  shape(index: number): readonly number[] {
    const name = this.input(index);
    const constant = this.state.constantOf(name);
    return constant?.shape ?? onnxShape(this.state.layouts.get(name) ?? usual, this.state.shapeOf(name, this.node));
  }

  /** The same, of one of these ranks. */
  shapeOfRank(index: number, ...ranks: readonly number[]): readonly number[] {
    const shape = this.shape(index);
    if (!ranks.includes(shape.length))
      throw opUnsupported(
        this.node,
        `input ${index} of ${shape.length} dimensions, only ${ranks.join(' and ')} are implemented`,
      );
    return shape;
  }

  isRead(index: number): boolean {
    const name = this.node.outputs[index] ?? '';
    return name !== '' && this.#isRead(name);
  }

  /** Outputs that are implemented; one beyond them that is read is refused. */
  hasOutputs(...indices: readonly number[]): void {
    const extra = this.node.outputs.findIndex((_, index) => !indices.includes(index) && this.isRead(index));
    if (extra >= 0) throw opUnsupported(this.node, `output ${extra} is read, only ${indices.join(', ')} are implemented`);
  }

  /** Writes a node; gives the name of what it computes. */
  add(op: string, inputs: readonly string[], attributes: Given = {}): string {
    const name = this.fresh(op);
    this.nodes.push({ name, op, domain: '', inputs, outputs: [name], attributes: asMap(attributes) });
    return name;
  }

  /** The same, of an op that no file has. */
  addOwn(op: string, inputs: readonly string[]): string {
    const name = this.fresh(op);
    this.nodes.push({ name, op, domain: ownDomain, inputs, outputs: [name], attributes: new Map() });
    return name;
  }

  /** Writes the node that computes output `index`. That of the first carries the name of the file's node, for errors. */
  give(op: string, inputs: readonly string[], attributes: Given = {}, index = 0): void {
    const name = index === 0 ? this.node.name : this.fresh(op);
    const outputs = [this.node.outputs[index] ?? ''];
    this.nodes.push({ name, op, domain: '', inputs, outputs, attributes: asMap(attributes) });
  }

  /** Output `index`, if anything reads it, is the value `name`. */
  also(index: number, name: string): void {
    if (this.isRead(index)) this.give('Identity', [name], {}, index);
  }

  tensor(type: ElementType, shape: readonly number[], values: ArrayLike<number>): string {
    const name = this.fresh('constant');
    this.state.constants.set(name, makeConstant(type, shape, values, name));
    return name;
  }

  /** A tensor whose number at `index` is what `value` says; it counts as computed at import. */
  computed(type: ElementType, shape: readonly number[], value: (index: number) => number): string {
    this.state.spendFolded(sizeOf(shape), this.node);
    const name = this.fresh('constant');
    const data = allocate(type, shape, name);
    for (let index = 0; index < data.length; index++) data[index] = value(index);
    this.state.constants.set(name, { type, shape, data });
    return name;
  }

  number(value: number): string {
    return this.tensor('float32', [], [value]);
  }

  integers(...values: readonly number[]): string {
    return this.tensor('int64', [values.length], values);
  }

  /** Entries of 0 stay as they are. */
  reshape(name: string, ...shape: readonly number[]): string {
    return this.add('Reshape', [name, this.integers(...shape)]);
  }

  transpose(name: string, ...perm: readonly number[]): string {
    return this.add('Transpose', [name], { perm });
  }

  slice(name: string, axis: number, from: number, to: number, step = 1): string {
    return this.add('Slice', [name, this.integers(from), this.integers(to), this.integers(axis), this.integers(step)]);
  }
}

export type Expand = (to: Expansion) => void;
