/** One node of a graph without a batch while it is rewritten as nodes on the one item. */
import { opUnsupported } from '../../graph/graph-errors.ts';
import type { OnnxNode } from '../onnx-model.ts';
import type { Move } from './move.ts';

/** Nodes in a row; the last one gives the outputs of the file's node. */
export class Rewriting {
  readonly move: Move;
  readonly nodes: OnnxNode[] = [];

  constructor(move: Move) {
    this.move = move;
  }

  add(op: string, inputs: readonly string[], changes: Parameters<Move['with']>[1] = {}): string {
    const name = this.move.state.freshName(`${this.move.node.name}/${op}`);
    this.nodes.push({ ...this.move.with(inputs, changes, op), name, outputs: [name] });
    return name;
  }

  /** The same of an op with several outputs. */
  addAll(op: string, inputs: readonly string[], count: number): readonly string[] {
    const names = Array.from({ length: count }, () => this.move.state.freshName(`${this.move.node.name}/${op}`));
    this.nodes.push({ ...this.move.with(inputs, {}, op), name: names[0]!, outputs: names });
    return names;
  }

  /** One node for each output of the file's node. */
  endAll(inputs: readonly string[], outputs: readonly string[], changes: Parameters<Move['with']>[1], op: string): readonly OnnxNode[] {
    const ends = inputs.map((input, index) => {
      const name = index === 0 ? this.move.node.name : this.move.state.freshName(`${this.move.node.name}/${op}`);
      return { ...this.move.with([input], changes, op), name, outputs: [outputs[index]!] };
    });
    return [...this.nodes, ...ends];
  } // biome-ignore format: signature

  end(inputs: readonly string[], changes: Parameters<Move['with']>[1] = {}, op = this.move.node.op): readonly OnnxNode[] {
    return [...this.nodes, this.move.with(inputs, changes, op)];
  }

  shape(index: number): readonly number[] {
    return this.move.constant(index)?.shape ?? this.move.shape(index);
  }

  reshape(name: string, shape: readonly number[]): string {
    return this.add('Reshape', [name, this.move.add([0, ...shape])]);
  }

  toShape(shape: readonly number[]): readonly OnnxNode[] {
    return this.end([this.move.node.inputs[0]!, this.move.add([0, ...shape])], {}, 'Reshape');
  }

  /** Input `index` with at least `rank` dimensions. Constants are spread by the planner. */
  ofRank(index: number, rank: number): string {
    const name = this.move.node.inputs[index]!;
    const shape = this.shape(index);
    if (this.move.constant(index) !== undefined || shape.length >= rank) return name;
    return this.reshape(name, [...new Array<number>(rank - shape.length).fill(1), ...shape]);
  }

  /** A list of integers that is an attribute in older opsets and an input in newer ones. */
  list(name: string, index: number): readonly number[] | undefined {
    const given = this.move.node.inputs[index] ?? '';
    if (given !== '' && this.move.constant(index) === undefined)
      throw opUnsupported(this.move.node, `input ${index} ("${given}") is computed, only a constant is implemented there`);
    return this.move.list(name, index);
  }
}

/** The file's node as nodes that work one dimension further in. */
export type Rewrite = (to: Rewriting) => readonly OnnxNode[];
