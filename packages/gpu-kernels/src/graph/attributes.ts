/** Reads the attributes of a node with ONNX defaults. What nobody read is unknown to us and refused, never ignored. */
import type { GraphAttribute, GraphNode } from '@diptych/plugin-kit';
import { graphInvalid, opUnsupported } from './graph-errors.ts';

export class Attributes {
  readonly #node: GraphNode;
  readonly #unread: Map<string, GraphAttribute>;

  constructor(node: GraphNode) {
    this.#node = node;
    this.#unread = new Map(Object.entries(node.attributes ?? {}));
  }

  #take(name: string): GraphAttribute | undefined {
    const value = this.#unread.get(name);
    this.#unread.delete(name);
    return value;
  }

  has(name: string): boolean {
    return this.#node.attributes?.[name] !== undefined;
  }

  number(name: string, fallback: number): number {
    const value = this.#take(name) ?? fallback;
    if (typeof value !== 'number')
      throw graphInvalid(this.#node, `attribute ${name} must be a number, got ${JSON.stringify(value)}.`);
    return value;
  }

  string(name: string, fallback: string): string {
    const value = this.#take(name) ?? fallback;
    if (typeof value !== 'string')
      throw graphInvalid(this.#node, `attribute ${name} must be a string, got ${JSON.stringify(value)}.`);
    return value;
  }

  numbers(name: string, fallback: readonly number[], length?: number): readonly number[] {
    const value = this.#take(name) ?? fallback;
    if (typeof value === 'string' || typeof value === 'number') {
      throw graphInvalid(this.#node, `attribute ${name} must be a list of numbers, got ${JSON.stringify(value)}.`);
    }
    if (length !== undefined && value.length !== length) {
      throw graphInvalid(this.#node, `attribute ${name} must have ${length} entries, got ${value.length}.`);
    }
    return value;
  }

  /** Refuses any value but the one that we implement. */
  require(name: string, supported: number | string, fallback: number | string = supported): void {
    const value = this.#take(name) ?? fallback;
    if (value !== supported)
      throw opUnsupported(
        this.#node,
        `attribute ${name} = ${JSON.stringify(value)}, only ${JSON.stringify(supported)} is implemented`,
      );
  }

  /** Call last: refuses every attribute that no call above has read. */
  finish(): void {
    const [unknown] = this.#unread.keys();
    if (unknown !== undefined) throw opUnsupported(this.#node, `attribute ${unknown} is not known`);
  }
}
