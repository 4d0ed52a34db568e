/** One node of the file while it is turned into nodes of the planner's ops. */
import type { GraphAttribute } from '@diptych/plugin-kit';
import { Attributes } from '../../graph/attributes.ts';
import { graphInvalid, opUnsupported } from '../../graph/graph-errors.ts';
import { type Constant, makeConstant } from '../constant.ts';
import type { ImportState } from '../import-state.ts';
import { graphAttributes, integersOf } from '../node-call.ts';
import type { OnnxNode } from '../onnx-model.ts';

export class LowerCall {
  readonly node: OnnxNode;
  readonly state: ImportState;
  /** As in the file, for ops that are passed on. */
  readonly given: Record<string, GraphAttribute>;
  /** The same, read one by one. */
  readonly attributes: Attributes;
  /** Whether anything reads output `index`. */
  readonly isRead: (index: number) => boolean;
  readonly #written = new Set<number>();

  constructor(node: OnnxNode, state: ImportState, isRead: (name: string) => boolean) {
    this.node = node;
    this.state = state;
    this.given = node.op === 'ConstantOfShape' ? {} : graphAttributes(node); // its value is a tensor
    this.attributes = new Attributes({ ...node, attributes: this.given });
    this.isRead = (index) => (node.outputs[index] ?? '') !== '' && isRead(node.outputs[index]!);
  }

  get opset(): number {
    return this.state.opset;
  }

  /** Name of input `index`, which must be there. */
  input(index: number): string {
    const name = this.node.inputs[index] ?? '';
    if (name === '') throw graphInvalid(this.node, `input ${index} is missing.`);
    return name;
  }

  has(index: number): boolean {
    return (this.node.inputs[index] ?? '') !== '';
  }

  /** Input `index` where it is left out or constant; computed ones are refused. */
  constant(index: number): Constant | undefined {
    if (!this.has(index)) return undefined;
    const constant = this.state.constantOf(this.input(index));
    if (constant === undefined)
      throw opUnsupported(
        this.node,
        `input ${index} ("${this.input(index)}") is computed, only a constant is implemented there`,
      );
    return constant;
  }

  integers(index: number): number[] | undefined {
    const constant = this.constant(index);
    return constant && integersOf(constant, this.node);
  }

  /** Axes and the like: an attribute in older opsets, an input in newer ones. */
  list(name: string, index: number): readonly number[] | undefined {
    return this.attributes.has(name) ? this.attributes.numbers(name, []) : this.integers(index);
  }

  shape(index: number): readonly number[] {
    return this.state.shapeOf(this.input(index), this.node);
  }

  /** A float32 constant for a node that is written next. */
  number(...values: number[]): string {
    return this.tensor(values.length === 1 ? [] : [values.length], values);
  }

  tensor(shape: readonly number[], values: ArrayLike<number>): string {
    const name = this.state.freshName(`${this.node.name}/constant`);
    this.state.constants.set(name, makeConstant('float32', shape, values, name));
    return name;
  }

  /** Writes a node between input and output; gives the name of what it computes. */
  add(op: string, inputs: readonly string[], attributes: Record<string, GraphAttribute> = {}): string {
    const name = this.state.freshName(`${this.node.name}/${op}`);
    this.state.write(this.node, op, inputs, name, attributes, name);
    return name;
  }

  /** Writes the node that computes output `index` above 0, if anything reads that. */
  also(index: number, op: string, inputs: readonly string[], attributes: Record<string, GraphAttribute> = {}): void {
    this.#written.add(index);
    if (!this.isRead(index)) return;
    const name = this.state.freshName(`${this.node.name}/${op}`);
    this.state.write(this.node, op, inputs, this.node.outputs[index]!, attributes, name);
  }

  /** Outputs that need no node: they are constants, or are told of in another way. */
  skip(...indices: number[]): void {
    for (const index of indices) this.#written.add(index);
  }

  /** Writes the node that computes the output. It carries the name of the file's node, for errors and profiles. */
  finish(op: string, inputs: readonly string[], attributes: Record<string, GraphAttribute> = {}): void {
    const extra = this.node.outputs.findIndex((_, index) => index > 0 && !this.#written.has(index) && this.isRead(index));
    if (extra > 0) throw opUnsupported(this.node, `output ${extra} is read, only the first is implemented`);
    this.state.write(this.node, op, inputs, this.node.outputs[0]!, attributes, this.node.name);
  }
}

/** Writes a node of the file as nodes of the planner's ops. */
export type Lower = (call: LowerCall) => void;
