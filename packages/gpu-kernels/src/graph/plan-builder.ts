/**
 * The state of planning: values, steps and weights so far, and for each value of the graph the forms it exists in.
 * A value of rank 3 without batch is `[channels, height, width]` to ONNX (`plain`) and `[height, width, channels]`
 * (`channelsLast`) to convolutions. A form is made by a transpose when first asked for and remembered, so inverse
 * transposes never meet.
 */
import { type GraphNode, invariant, type Tensor, type Tensors } from '@diptych/plugin-kit/runtime';
import { graphInvalid, opUnsupported } from './graph-errors.ts';
import type { PlanValue, PlanWeight, Step } from './plan.ts';
import { permuteList, showShape, sizeOf } from './shapes.ts';

export type Form = 'plain' | 'channelsLast';

export interface GraphValue {
  /** The ONNX shape without batch. */
  readonly shape: readonly number[];
  readonly forms: { plain?: number; channelsLast?: number };
  /** True where exactly one node reads it, so that its producer may be fused with that node. */
  readonly singleReader: boolean;
}

/** NumPy's limit, and far above any network. */
const maxDimensions = 64;

/** Backends count elements in 32 bits. */
export const maxElements = 2 ** 31 - 1;

/** Plan dimension d of the channels-last form is ONNX dimension `toChannelsLast[d]`, and back. */
export const toChannelsLast = [1, 2, 0] as const;
export const toPlain = [2, 0, 1] as const;

/** A step without the number of its output, which the builder gives. */
export type StepDraft = Step extends infer S ? (S extends Step ? Omit<S, 'output'> : never) : never;

export class PlanBuilder {
  readonly values: PlanValue[] = [];
  readonly steps: Step[] = [];
  readonly weights = new Map<string, Tensor>();
  /** Names of weights that several steps may read: none may be changed for one of them. */
  readonly sharedWeights = new Set<string>();
  readonly constants: Map<string, Tensor>;
  readonly #named = new Map<string, GraphValue>();
  readonly #readers: ReadonlyMap<string, number>;
  /** The step that writes a value: networks with recurrences have tens of thousands. */
  readonly #writers = new Map<number, Step>();

  constructor(constants: Tensors, readers: ReadonlyMap<string, number>) {
    this.constants = new Map(Object.entries(constants));
    this.#readers = readers;
  }

  newValue(shape: readonly number[]): number {
    if (shape.length > maxDimensions)
      throw graphInvalid('Graph', `a value would have ${shape.length} dimensions; at most ${maxDimensions} are planned.`);
    if (!(sizeOf(shape) <= maxElements) || !shape.every((size) => Number.isInteger(size) && size > 0)) {
      throw graphInvalid(
        'Graph',
        `a value would have shape ${showShape(shape)} without batch; sizes are positive and at most ${maxElements} numbers an item.`,
      );
    }
    this.values.push({ id: this.values.length, shape });
    return this.values.length - 1;
  }

  /** Adds a step that writes a new value of `shape`, the shape of the form that it writes. */
  addStep(draft: StepDraft, shape: readonly number[]): number {
    const output = this.newValue(shape);
    const step = { ...draft, output } as Step;
    this.steps.push(step);
    this.#writers.set(output, step);
    return output;
  }

  addWeight(name: string, tensor: Tensor): string {
    invariant(!this.weights.has(name), `Weight "${name}" was added twice.`);
    this.weights.set(name, tensor);
    return name;
  }

  producer(value: GraphValue): Step | undefined {
    const id = value.forms.channelsLast ?? value.forms.plain;
    return id === undefined ? undefined : this.#writers.get(id);
  }

  /** The step that writes value `id`; undefined for inputs. */
  writerOf(id: number): Step | undefined {
    return this.#writers.get(id);
  }

  /** Replaces a step and moves it to the end, where everything that it may now read exists. */
  replaceLast(old: Step, replacement: Step): void {
    this.steps.splice(this.steps.lastIndexOf(old), 1);
    this.steps.push(replacement);
    this.#writers.set(replacement.output, replacement);
  }

  /** Steps by what they write: each gives way to others, or to none. */
  replaceAll(replaced: ReadonlyMap<number, readonly Step[]>): void {
    this.setSteps(this.steps.flatMap((step) => replaced.get(step.output) ?? step));
  }

  setSteps(steps: readonly Step[]): void {
    this.steps.splice(0);
    for (const step of steps) this.steps.push(step);
  }

  define(name: string, shape: readonly number[], forms: GraphValue['forms']): void {
    this.#named.set(name, { shape, forms, singleReader: this.#readers.get(name) === 1 });
  }

  /** A value that is another one under a different shape, without a step. Never fused: others may read the original. */
  defineAlias(name: string, shape: readonly number[], forms: GraphValue['forms']): void {
    this.#named.set(name, { shape, forms, singleReader: false });
  }

  isConstant(name: string): boolean {
    return this.constants.has(name);
  }

  /** The activation a node reads as input `index`. */
  value(node: GraphNode, index: number): GraphValue {
    const name = node.inputs[index] ?? '';
    if (name === '') throw graphInvalid(node, `input ${index} is missing.`);
    if (this.constants.has(name))
      throw opUnsupported(node, `input ${index} ("${name}") is a constant, an activation is expected`);
    return this.named(name);
  }

  named(name: string): GraphValue {
    const value = this.#named.get(name);
    invariant(value !== undefined, `Value "${name}" was read before it was planned.`);
    return value;
  }

  /** The constant a node reads as input `index`; undefined where that optional input is left out. */
  optionalConstant(node: GraphNode, index: number): Tensor | undefined {
    const name = node.inputs[index] ?? '';
    if (name === '') return undefined;
    const constant = this.constants.get(name);
    if (constant === undefined)
      throw opUnsupported(node, `input ${index} ("${name}") is computed, only a constant is implemented there`);
    return constant;
  }

  constant(node: GraphNode, index: number): Tensor {
    const constant = this.optionalConstant(node, index);
    if (constant === undefined) throw graphInvalid(node, `input ${index} is missing.`);
    return constant;
  }

  plain(value: GraphValue, name: string): number {
    value.forms.plain ??= this.#convert(value, value.forms.channelsLast!, value.shape, toPlain, name);
    return value.forms.plain;
  }

  channelsLast(value: GraphValue, name: string): number {
    invariant(value.shape.length === 3, `"${name}" asked for the channels-last form of rank ${value.shape.length}.`);
    const shape = permuteList(value.shape, toChannelsLast);
    value.forms.channelsLast ??= this.#convert(value, value.forms.plain!, shape, toChannelsLast, name);
    return value.forms.channelsLast;
  }

  #convert(value: GraphValue, from: number, shape: readonly number[], permutation: readonly number[], name: string): number {
    const [channels, ...image] = value.shape;
    // With one channel or one pixel both forms hold the same numbers in the same order.
    if (channels === 1 || sizeOf(image) === 1) return this.reshape(from, shape, name);
    return this.addStep({ op: 'transpose', name: `${name}:layout`, x: from, permutation }, shape);
  }

  reshape(x: number, shape: readonly number[], name: string): number {
    const source = this.#writers.get(x);
    return this.addStep({ op: 'reshape', name, x: source?.op === 'reshape' ? source.x : x }, shape);
  }

  /** The form an elementwise op works in without any transpose: channels-last if it exists. */
  existing(value: GraphValue): { readonly form: Form; readonly id: number } {
    const { channelsLast, plain } = value.forms;
    return channelsLast !== undefined ? { form: 'channelsLast', id: channelsLast } : { form: 'plain', id: plain! };
  }

  planWeights(): readonly PlanWeight[] {
    return [...this.weights].map(([name, { shape }]) => ({ name, shape }));
  }
}
