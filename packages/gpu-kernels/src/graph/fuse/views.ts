/**
 * Where the numbers of a value lie in the value that they were moved from: reshapes, transposes and slices are walked back
 * as far as they only move, so that a step which reads through strides needs none of them.
 */
import type { Tensor } from '@diptych/plugin-kit';
import type { PlanValue, Step } from '../plan.ts';
import type { PlanBuilder } from '../plan-builder.ts';
import type { BinaryStep } from '../plan-scalars.ts';
import { permuteList, rowMajorStrides, sizeOf } from '../shapes.ts';
import { valuesReadBy } from '../tidy.ts';

/** The steps of a finished plan, by what they write and by who reads them. */
export class StepIndex {
  readonly values: readonly PlanValue[];
  readonly weights: ReadonlyMap<string, Tensor>;
  readonly #producers = new Map<number, Step>();
  readonly #readers = new Map<number, Step[]>();
  readonly #outputs: ReadonlySet<number>;

  constructor(builder: PlanBuilder, outputs: ReadonlySet<number>) {
    this.values = builder.values;
    this.weights = builder.weights;
    this.#outputs = outputs;
    for (const step of builder.steps) {
      this.#producers.set(step.output, step);
      for (const id of new Set(valuesReadBy(step))) this.#readers.set(id, [...(this.#readers.get(id) ?? []), step]);
    }
  }

  shape(id: number): readonly number[] {
    return this.values[id]!.shape;
  }

  producer(id: number): Step | undefined {
    return this.#producers.get(id);
  }

  /** A step in place of the one that writes the same value, and reads at least what that reads. */
  replace(step: Step): void {
    this.#producers.set(step.output, step);
  }

  /** The steps that read a value; undefined where it is an output of the plan too. */
  readers(id: number): readonly Step[] | undefined {
    return this.#outputs.has(id) ? undefined : (this.#readers.get(id) ?? []);
  }

  /** The step that alone reads a value, which is no output of the plan either. */
  onlyReader(id: number): Step | undefined {
    const readers = this.readers(id);
    return readers?.length === 1 ? readers[0] : undefined;
  }
}

/** The value operand of a binary step that is read in place, and what stands on the other side. */
export interface Sides {
  readonly value: number;
  readonly other: { readonly id?: number; readonly weight?: string; readonly strides: readonly number[] };
  readonly isLeft: boolean;
}

/** Both readings of a binary step, the value left of the function first. */
export function sidesOf(index: StepIndex, step: BinaryStep): Sides[] {
  const inPlace = rowMajorStrides(index.shape(step.output));
  const size = sizeOf(index.shape(step.output));
  const a = { ...(step.a === undefined ? { weight: step.aWeight! } : { id: step.a }), strides: step.aStrides };
  const b = { ...(step.b === undefined ? { weight: step.bWeight! } : { id: step.b }), strides: step.bStrides };
  const isWhole = (id: number | undefined, strides: readonly number[]): id is number =>
    id !== undefined && sizeOf(index.shape(id)) === size && spans(strides, inPlace, index.shape(step.output));
  const sides: Sides[] = [];
  if (isWhole(step.a, a.strides)) sides.push({ value: step.a, other: b, isLeft: true });
  if (isWhole(step.b, b.strides)) sides.push({ value: step.b, other: a, isLeft: false });
  return sides;
}

/** Equal strides wherever there is more than one coordinate. */
const spans = (strides: readonly number[], expected: readonly number[], shape: readonly number[]): boolean =>
  strides.every((stride, d) => shape[d] === 1 || stride === expected[d]);

/** The number that a binary step multiplies its value by, where it is one constant for all. */
export function scalarFactor(index: StepIndex, step: BinaryStep): { value: number; factor: number } | undefined {
  if (step.function !== 'mul' && step.function !== 'div') return undefined;
  for (const { value, other, isLeft } of sidesOf(index, step)) {
    const data = other.weight === undefined ? undefined : index.weights.get(other.weight)?.data;
    if (data?.length !== 1 || (step.function === 'div' && !isLeft)) continue;
    return { value, factor: step.function === 'mul' ? data[0]! : 1 / data[0]! };
  }
  return undefined;
}

export interface View {
  readonly root: number;
  readonly offset: number;
  /** One a dimension of the value that was asked about. */
  readonly strides: readonly number[];
  /** What the numbers of the root are multiplied by. */
  readonly factor: number;
}

/** The same places in the source of a moving step whose output has `shape`: dimension d of it walks by `steps[d]` there. */
function carryBack(
  sizes: readonly number[],
  view: View,
  shape: readonly number[],
  steps: readonly number[],
): Omit<View, 'root' | 'factor'> | undefined {
  const own = rowMajorStrides(shape);
  const furthest = own.map((stride, d) => Math.floor(view.offset / stride) % shape[d]!);
  let offset = furthest.reduce((sum, coordinate, d) => sum + coordinate * steps[d]!, 0);
  const strides: number[] = [];
  for (const [d, stride] of view.strides.entries()) {
    if (sizes[d] === 1 || stride === 0) {
      strides.push(0);
      continue;
    }
    const within = own.findIndex((unit, dimension) => unit <= stride && stride < unit * shape[dimension]!);
    if (within < 0 || stride % own[within]! !== 0) return undefined;
    const by = stride / own[within]!;
    furthest[within]! += by * (sizes[d]! - 1);
    strides.push(by * steps[within]!);
  }
  if (furthest.some((coordinate, d) => coordinate >= shape[d]!) || strides.some((stride) => stride < 0)) return undefined;
  if (offset < 0) offset = Number.NaN;
  return Number.isNaN(offset) ? undefined : { offset, strides };
}

/** Back from `id` as far as numbers are only moved; with `scales`, multiplications by one constant are passed too. */
export function viewOf(index: StepIndex, id: number, scales: boolean): View {
  const sizes = index.shape(id);
  let view: View = { root: id, offset: 0, strides: rowMajorStrides(sizes), factor: 1 };
  for (;;) {
    const step = index.producer(view.root);
    if (step?.op === 'reshape') view = { ...view, root: step.x };
    else if (step?.op === 'transpose') {
      const steps = permuteList(rowMajorStrides(index.shape(step.x)), step.permutation);
      const carried = carryBack(sizes, view, index.shape(step.output), steps);
      if (carried === undefined) return view;
      view = { ...view, ...carried, root: step.x };
    } else if (step?.op === 'copy' && step.x !== undefined) {
      const carried = carryBack(sizes, view, index.shape(step.output), step.strides);
      if (carried === undefined || carried.offset + step.offset < 0) return view;
      view = { ...view, ...carried, offset: carried.offset + step.offset, root: step.x };
    } else if (step?.op === 'binary' && scales) {
      const scaled = scalarFactor(index, step);
      if (scaled === undefined) return view;
      view = { ...view, root: scaled.value, factor: view.factor * scaled.factor };
    } else return view;
  }
}
