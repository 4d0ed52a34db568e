/** Nodes that stand for one whose batch moved. */
import type { OnnxNode } from '../onnx-model.ts';
import type { Move } from './move.ts';

type Changes = Parameters<Move['with']>[1];

/** Nodes in a row, each on what the one before gives. */
export class Chain {
  readonly nodes: OnnxNode[] = [];
  readonly #move: Move;

  constructor(move: Move) {
    this.#move = move;
  }

  add(op: string, inputs: readonly string[], changes: Changes = {}): string {
    const name = this.#move.state.freshName(`${this.#move.node.name}/${op}`);
    this.nodes.push({ ...this.#move.with(inputs, changes, op), name, outputs: [name] });
    return name;
  }

  end(op: string, inputs: readonly string[], changes: Changes = {}): readonly OnnxNode[] {
    return [...this.nodes, this.#move.with(inputs, changes, op)];
  }
}
