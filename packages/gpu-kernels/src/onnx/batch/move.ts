/** One node whose batch is not the first dimension, or not alone in it, while it is rewritten as nodes on items. */
import { axisOf } from '../../graph/axes.ts';
import { itemsMultiplied, itemsTogether, opUnsupported, outputsApart } from '../../graph/graph-errors.ts';
import { type Constant, makeConstant } from '../constant.ts';
import type { ImportState } from '../import-state.ts';
import { graphAttributes, integersOf } from '../node-call.ts';
import type { OnnxAttributeValue, OnnxNode } from '../onnx-model.ts';
import { type BatchLayout, itemAxis, type Moved, rankOf, sameLayout, usual } from './layout.ts';

export interface MovedNodes {
  readonly nodes: readonly OnnxNode[];
  readonly layout: BatchLayout;
}

/** Where operands that broadcast have the batch. */
export interface CommonLayout {
  readonly layout: BatchLayout;
  readonly rank: number;
  /** Sizes of the item dimensions that are merged with the batch. */
  readonly merged: readonly number[];
}

/** One node that is being rewritten. */
export class Move {
  readonly state: ImportState;
  readonly node: OnnxNode;

  constructor(state: ImportState, node: OnnxNode) {
    this.state = state;
    this.node = node;
  }

  layoutOf(index: number): BatchLayout {
    return this.state.layouts.get(this.node.inputs[index] ?? '') ?? usual;
  }

  constant(index: number): Constant | undefined {
    const name = this.node.inputs[index] ?? '';
    return name === '' ? undefined : this.state.constantOf(name);
  }

  shape(index: number): readonly number[] {
    return this.state.shapeOf(this.node.inputs[index]!, this.node);
  }

  get moved(): Moved {
    return { item: this.shape(0), layout: this.layoutOf(0) };
  }

  refuse(what: string, advice?: string): never {
    const reason = `${what} where the batch is not the first dimension`;
    throw opUnsupported(this.node, advice === undefined ? reason : `${reason}. ${advice}`);
  }

  /** A constant for the rewritten node. */
  add(
    values: readonly number[] | Float32Array | Float64Array,
    shape: readonly number[] = [values.length],
    type: Constant['type'] = 'int64',
  ): string {
    const name = this.state.freshName(`${this.node.name}/items`);
    this.state.constants.set(name, makeConstant(type, shape, values, name));
    return name;
  }

  /** The node on items, with other inputs and attributes. */
  with(
    inputs: readonly string[],
    changes: Readonly<Record<string, number | readonly number[]>> = {},
    op: string = this.node.op,
  ): OnnxNode {
    const attributes = new Map<string, OnnxAttributeValue>(
      op === this.node.op && op !== 'Reshape' ? this.node.attributes : [],
    );
    for (const [name, value] of Object.entries(changes))
      attributes.set(name, typeof value === 'number' ? { kind: 'number', value } : { kind: 'numbers', value });
    return { ...this.node, op, inputs, attributes };
  }

  number(name: string, fallback: number): number {
    const value = graphAttributes(this.node)[name] ?? fallback;
    return typeof value === 'number' ? value : this.refuse(`attribute ${name}`);
  }

  /** Dimension of the item's node (batch first) for an ONNX axis. */
  axis(axis: number): number {
    const { item, layout } = this.moved;
    return (itemAxis(layout, axisOf(axis, rankOf(layout, item), this.node)) ?? this.refuse('work along the batch')) + 1;
  }

  list(name: string, index: number): readonly number[] | undefined {
    const given = graphAttributes(this.node)[name];
    if (Array.isArray(given)) return given as readonly number[];
    const constant = this.constant(index);
    return constant && integersOf(constant, this.node);
  }
  /**
   * All activations among the inputs must have the batch in one place, counted from the last dimension where they broadcast;
   * numbers that each item has for itself lie after it.
   */
  commonLayout(indices: readonly number[] = this.node.inputs.map((_, index) => index)): CommonLayout {
    const isValue = (index: number): boolean => {
      const name = this.node.inputs[index] ?? '';
      return name !== '' && this.constant(index) === undefined;
    };
    const all = indices.filter(isValue);
    const values = all.filter((index) => !this.state.unbatched.has(this.node.inputs[index]!));
    const ranks = new Map(values.map((index) => [index, rankOf(this.layoutOf(index), this.shape(index))]));
    const rank = Math.max(...ranks.values());
    const widest = values.find((index) => ranks.get(index) === rank)!;
    const layout = this.layoutOf(widest);
    for (const index of values) {
      const own = this.layoutOf(index);
      if (!sameLayout({ ...own, axis: own.axis + rank - ranks.get(index)! }, layout))
        this.refuse('operands that have the batch in different places', `${this.node.op === 'MatMul' ? `${itemsMultiplied}. ` : ''}${itemsTogether}. ${outputsApart}`); // biome-ignore format: one call
    }
    for (const index of all)
      if ((this.state.unbatched.get(this.node.inputs[index]!)?.length ?? 0) >= rank - layout.axis)
        this.refuse('numbers of each item that lie along the batch');
    const merged = this.shape(widest).slice(layout.axis, layout.axis + layout.before + layout.after);
    return { layout, rank, merged };
  }
}

export type Rewrite = (move: Move) => MovedNodes;
