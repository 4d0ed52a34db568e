/**
 * The state of an import: constants known so far, nodes written so far, and item shapes. Shapes come from the planner
 * itself, asked only when an exporter's arithmetic needs one, so that no second set of shape rules can disagree.
 */
import { type GraphAttribute, type GraphInput, type GraphNode, invariant, type Tensor } from '@diptych/plugin-kit/runtime';
import { graphInvalid, type NodePlace, opUnsupported } from '../graph/graph-errors.ts';
import { LazyTensor } from '../graph/lazy-tensor.ts';
import { opTable } from '../graph/op-table.ts';
import { PlanBuilder } from '../graph/plan-builder.ts';
import { sizeOf } from '../graph/shapes.ts';
import type { ItemNumbers } from './batch/item-numbers.ts';
import type { BatchLayout } from './batch/layout.ts';
import { type Constant, holdsBatch, isFloat } from './constant.ts';
import { Budget } from './expand/instantiate.ts';
import type { ImportOps } from './import-ops.ts';
import type { Dequantized, DequantizedConstant } from './lower/quantised-pairs.ts';
import type { ElementType } from './onnx-model.ts';
import type { Grid } from './quantization.ts';

/** 2^29 float32 are 2 GB: the weights of the largest networks that are quantised, and seconds of work. */
const maxFoldedTogether = 2 ** 29;
/** Networks that standardise their weights, which NFNets write as a dozen ops, take so many numbers for each one of the file. */
const foldedOfEach = 24;

/** A node of a file may become thousands, and a file has up to a million. */
const mostNodes = 2 ** 20;

export type QuantisationMode = 'as-written' | 'weights-only';

/** What a quantised activation was made from. */
interface Quantized {
  readonly source: string;
  readonly grid: Grid;
  readonly axis: number;
}

export class ImportState {
  readonly ops: ImportOps;
  readonly opset: number;
  readonly inputs: readonly GraphInput[];
  readonly constants: Map<string, Constant>;
  readonly nodes: GraphNode[] = [];
  readonly weights = new Map<string, Tensor>();
  /** Value → the node that was written for it. */
  readonly makers = new Map<string, GraphNode>();
  /** Leading dimension that the file fixes for its inputs; undefined where it leaves it open. */
  readonly fixedBatch: number | undefined;
  /** Integer types of activations by the name of the file; floats, which are computed in float32, are not in it. */
  readonly types = new Map<string, ElementType>();
  /** Of those, sums that float32 may not hold exactly. */
  readonly rounded = new Set<string>();
  readonly quantized = new Map<string, Quantized>();
  readonly dequantized = new Map<string, Dequantized>();
  /** Integers that were quantised to the grid that they were on: the dequantised value. */
  readonly requantized = new Map<string, string>();
  readonly dequantizedConstants = new Map<string, DequantizedConstant>();
  /** Whether products between DequantizeLinear ops are computed in integers: see `lower/quantised-pairs.ts`. */
  inIntegers = false;
  /** ONNX shapes of values without a batch that each item has for itself: see `lower/unbatched.ts`. */
  readonly unbatched = new Map<string, readonly number[]>();
  /** Where the batch is in the ONNX shape of values that do not have it first: see `batch/layout.ts`. */
  readonly layouts = new Map<string, BatchLayout>();
  /** Values that numbers of items are part of: see `batch/item-numbers.ts`. */
  readonly itemNumbers = new Map<string, ItemNumbers>();
  /** Lists of tensors, whose entries have names of their own: see `expand/lists.ts`. */
  readonly lists = new Map<string, readonly string[]>();
  /** Values without a number, as a slice of 0 tokens is. */
  readonly empty = new Set<string>();
  /** The file has no batch: see `batch/without-batch.ts`. */
  isOneItem = false;
  readonly mode: QuantisationMode;
  readonly budget = new Budget();
  /** Steps of recurrences so far. */
  steps = 0;
  /** Branches taken so far. */
  branches = 0;
  /** Numbers computed at import so far, and how many may be; an import within another counts with it and has its limit. */
  folded: { numbers: number; readonly most: number };
  readonly #aliases = new Map<string, string>();
  readonly #names: Set<string>;
  /** The next number to try for a name that was asked for before: one node may ask for thousands. */
  readonly #tried = new Map<string, number>();
  /** The planner's view of the nodes written so far, without fusion: no value counts as read once. */
  readonly #planner = new PlanBuilder({}, new Map());
  #planned = 0;

  constructor(
    ops: ImportOps,
    opset: number,
    inputs: readonly GraphInput[],
    constants: Map<string, Constant>,
    fixedBatch: number | undefined,
    names: Set<string>,
    mode: QuantisationMode = 'as-written',
  ) {
    this.ops = ops;
    this.mode = mode;
    this.opset = opset;
    this.inputs = inputs;
    this.constants = constants;
    const inFile = [...constants.values()].reduce((sum, { shape }) => sum + sizeOf(shape), 0);
    this.folded = { numbers: 0, most: maxFoldedTogether + foldedOfEach * inFile };
    this.fixedBatch = fixedBatch;
    this.#names = names;
    for (const { name, shape } of inputs) this.#planner.define(name, shape, { plain: this.#planner.newValue(shape) });
  }

  /** The name of the value that `name` stands for once removed nodes (Identity, Dropout) are skipped. */
  resolve(name: string): string {
    return this.#aliases.get(name) ?? name;
  }

  setType(name: string, type: ElementType): void {
    if (name !== '') this.types.set(name, type);
  }

  /** What is known of one value, for another name of it. */
  copyMarks(source: string, name: string): void {
    for (const marks of [
      this.types,
      this.quantized,
      this.dequantized,
      this.unbatched,
      this.layouts,
      this.itemNumbers,
    ] as readonly Map<string, unknown>[])
      if (marks.has(source)) marks.set(name, marks.get(source));
    if (this.rounded.has(source)) this.rounded.add(name);
  }

  alias(name: string, source: string): void {
    this.#aliases.set(name, this.resolve(source));
  }

  constantOf(name: string): Constant | undefined {
    return this.constants.get(this.resolve(name));
  }

  isTaken(name: string): boolean {
    return this.#names.has(name);
  }

  /** Counts numbers computed at import; a file can ask for far more than it holds. */
  spendFolded(numbers: number, node: NodePlace): void {
    this.folded.numbers += numbers;
    if (this.folded.numbers > this.folded.most)
      throw graphInvalid(node, `constants of more than ${this.folded.most} numbers together would be computed at import.`);
  }

  /** A name that neither the file nor an earlier node uses. */
  freshName(wish: string): string {
    let name = wish;
    let count = this.#tried.get(wish) ?? 1;
    for (; this.#names.has(name); count++) name = `${wish}#${count}`;
    if (count > 1) this.#tried.set(wish, count);
    this.#names.add(name);
    return name;
  }

  /** Shape of one item, without batch. */
  shapeOf(name: string, node: NodePlace): readonly number[] {
    for (; this.#planned < this.nodes.length; this.#planned++) {
      const next = this.nodes[this.#planned]!;
      for (const input of next.inputs) {
        const weight = this.weights.get(input);
        if (weight !== undefined) this.#planner.constants.set(input, weight);
      }
      const plan = Object.hasOwn(opTable, next.op) ? opTable[next.op] : undefined;
      invariant(plan !== undefined, `Import wrote the op ${next.op}, which the planner lacks.`);
      plan(this.#planner, next);
    }
    const value = this.resolve(name);
    if (this.constants.has(value)) throw opUnsupported(node, `"${name}" is a constant, an activation is expected`);
    return this.#planner.named(value).shape;
  }

  /** Writes a node of the planner's ops. Constants that it reads become weights. */
  write(
    node: NodePlace,
    op: string,
    inputs: readonly string[],
    output: string,
    attributes: Record<string, GraphAttribute>,
    name: string,
  ): void {
    if (this.nodes.length >= mostNodes) throw graphInvalid(node, `the file would become more than ${mostNodes} nodes.`);
    const sources = inputs.map((input) => this.resolve(input));
    for (const source of sources) {
      const constant = this.constants.get(source);
      if (constant !== undefined && !this.weights.has(source)) this.weights.set(source, toWeight(constant, source, node));
    }
    const written = { name, op, inputs: sources, outputs: [output], attributes };
    this.nodes.push(written);
    this.makers.set(output, written);
  }
}

/** Weights are float32. Numbers that it cannot hold exactly are refused unless they were float64 to begin with. */
function toWeight(constant: Constant, name: string, node: NodePlace): Tensor {
  if (constant instanceof LazyTensor) return constant;
  const { type, shape, data } = constant;
  if (holdsBatch(constant)) throw opUnsupported(node, `"${name}" depends on the number of items of the batch`);
  // A copy where it is a view into other memory: backends clone whole buffers.
  if (data instanceof Float32Array) return { shape, data: data.byteLength === data.buffer.byteLength ? data : data.slice() };
  if (type === 'float64') throw opUnsupported(node, `"${name}" is float64, networks run in float32`);
  if (!isFloat(type) && data.some((value) => Math.fround(value) !== value))
    throw graphInvalid(node, `"${name}" holds integers that are no sizes or indices.`);
  return { shape, data: Float32Array.from(data) };
}
