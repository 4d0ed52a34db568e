/**
 * What only shows when all steps are there, before patterns are looked for: steps that no input changes are weights, steps that
 * compute the same are one, and steps that give what they read are left out. Exporters write masks and positions with dozens
 * of such. One pass in running order; every step is looked at once.
 */
import { type Constants, computeConstant, costOfConstant, mostComputed } from './constant-steps.ts';
import type { Step } from './plan.ts';
import type { PlanBuilder } from './plan-builder.ts';
import type { CopyStep, GatherStep, ReshapeStep, SelectStep } from './plan-moves.ts';
import type { BinaryStep } from './plan-scalars.ts';
import { rowMajorStrides, sameShape, sizeOf } from './shapes.ts';
import { renumberStep } from './tidy.ts';

/** Steps that only read and write numbers, so that two with the same operands are the same. */
const comparable: ReadonlySet<Step['op']> = new Set(['unary', 'binary', 'select', 'gather', 'copy', 'reshape', 'transpose', 'reduce', 'concat']); // biome-ignore format: a list
/** Weights are compared by their numbers up to this many; larger ones by name. */
const mostCompared = 64;

class Simplifier {
  readonly #builder: PlanBuilder;
  readonly #outputs: ReadonlySet<number>;
  readonly #steps: Step[] = [];
  /** Value → the value that it is. */
  readonly #same = new Map<number, number>();
  readonly #constants: Constants = new Map();
  readonly #known = new Map<string, number>();
  readonly #writers = new Map<number, Step>();
  /** Value → one that begins with the same number, where that was only moved. */
  readonly #firsts = new Map<number, number>();
  /** Values of 0 and 1. */
  readonly #truths = new Set<number>();
  /** Numbers that may yet be computed, and read of weights. */
  #left = mostComputed;
  #unread = mostComputed;

  constructor(builder: PlanBuilder, outputs: ReadonlySet<number>) {
    this.#builder = builder;
    this.#outputs = outputs;
  }

  run(): Step[] {
    for (const given of this.#builder.steps) {
      const step = renumberStep(given, (id) => this.#same.get(id) ?? id);
      const constant = this.#constantOf(step);
      if (constant === undefined) this.#add(this.#withWeights(step));
      else this.#constants.set(step.output, constant);
    }
    return this.#steps;
  }

  #shape(id: number): readonly number[] {
    return this.#builder.values[id]!.shape;
  }

  #data(weight: string | undefined): Float32Array | undefined {
    const tensor = weight === undefined ? undefined : this.#builder.weights.get(weight);
    const size = tensor === undefined ? Number.POSITIVE_INFINITY : sizeOf(tensor.shape);
    if (size > this.#unread) return undefined;
    this.#unread -= size;
    return tensor!.data;
  }

  #constantOf(step: Step): Float32Array | undefined {
    if (this.#outputs.has(step.output)) return undefined;
    const cost = costOfConstant(step, this.#builder, this.#constants);
    if (cost > this.#left) return undefined;
    this.#left -= cost;
    return computeConstant(step, this.#builder, this.#constants);
  }

  /** A constant that step `name` reads, as a weight. */
  #weight(id: number): string {
    const name = `constant:${id}`;
    if (!this.#builder.weights.has(name))
      this.#builder.addWeight(name, { shape: this.#shape(id), data: this.#constants.get(id)! });
    return name;
  }

  /** A constant where a step reads a value: given to every item. */
  #value(id: number): number {
    if (!this.#constants.has(id) || this.#writers.has(id)) return id;
    const name = `constant:${id}`;
    this.#push({ op: 'copy', name, xWeight: this.#weight(id), offset: 0, strides: rowMajorStrides(this.#shape(id)), output: id }); // biome-ignore format: one step
    return id;
  }

  /** Constants as weights where the step takes a weight there. */
  #withWeights(step: Step): Step {
    const fields: Record<string, unknown> = { ...step };
    const turn = (field: string, weight: string): void => {
      const id = fields[field];
      if (typeof id !== 'number' || !this.#constants.has(id)) return;
      delete fields[field];
      fields[weight] = this.#weight(id);
    };
    if (step.op === 'binary' || step.op === 'select') for (const side of ['a', 'b', 'c']) turn(side, `${side}Weight`);
    else if (step.op === 'gather' || step.op === 'copy') turn('x', 'xWeight');
    if (step.op === 'gather') turn('indices', 'indicesWeight');
    return renumberStep(fields as unknown as Step, (id) => (id === step.output ? id : this.#value(id)));
  }

  #push(step: Step): void {
    this.#steps.push(step);
    this.#writers.set(step.output, step);
    const isMove = step.op === 'reshape' || (step.op === 'copy' && step.offset === 0);
    if (isMove && step.x !== undefined) this.#firsts.set(step.output, this.#firsts.get(step.x) ?? step.x);
  }

  #add(given: Step): void {
    const step = this.#withSingles(this.#shortened(given.op === 'gather' ? this.#walk(given) : given));
    const source = this.#outputs.has(step.output) ? undefined : (this.#passes(step) ?? this.#twin(step));
    if (source !== undefined) {
      this.#same.set(step.output, source);
      return;
    }
    if (this.#givesTruth(step)) this.#truths.add(step.output);
    this.#push(step);
  }

  /** Constant indices that are all there are, one after the other. */
  #walk(step: GatherStep): Step {
    const indices = this.#data(step.indicesWeight);
    if (step.x === undefined || indices === undefined) return step;
    const isAll = indices.length === this.#shape(step.x)[step.dimension] && indices.every((index, at) => index === at);
    return isAll ? { op: 'reshape', name: step.name, x: step.x, output: step.output } : step;
  }

  /** A single number that was only moved is read where it was, if it is the first there. */
  #withSingles(step: Step): Step {
    if (step.op !== 'binary' && step.op !== 'select') return step;
    const fields: Record<string, unknown> = { ...step };
    for (const side of ['a', 'b', 'c']) {
      const id = fields[side];
      if (typeof id !== 'number' || sizeOf(this.#shape(id)) !== 1) continue;
      fields[side] = this.#firsts.get(id) ?? id;
      fields[`${side}Strides`] = (fields[`${side}Strides`] as number[]).map(() => 0);
    }
    return fields as unknown as Step;
  }

  /** A reshape of a reshape reads what the first one read. */
  #shortened(step: Step): Step {
    const before = step.op === 'reshape' ? this.#writers.get(step.x) : undefined;
    return step.op === 'reshape' && before?.op === 'reshape' ? { ...step, x: before.x } : step;
  }

  /** The value that the step gives as it is, if it does. */
  #passes(step: Step): number | undefined {
    const source =
      step.op === 'reshape' ? this.#reshaped(step)
      : step.op === 'copy' ? this.#copied(step)
      : step.op === 'binary' ? this.#neutral(step)
      : step.op === 'select' ? this.#chosen(step)
      : undefined; // biome-ignore format: a table
    return source !== undefined && sameShape(this.#shape(source), this.#shape(step.output)) ? source : undefined;
  }

  #reshaped(step: ReshapeStep): number {
    return step.x;
  }

  #copied(step: CopyStep): number | undefined {
    return step.offset === 0 && isInPlace(step.strides, this.#shape(step.output)) ? step.x : undefined;
  }

  /** x · 1, and of truths `x and true`, `x or false`. */
  #neutral(step: BinaryStep): number | undefined {
    const [id, strides, weight] = step.a === undefined ? [step.b!, step.bStrides, step.aWeight] : [step.a, step.aStrides, step.bWeight]; // biome-ignore format: one choice
    if (!isInPlace(strides, this.#shape(step.output)) || (step.function !== 'mul' && !this.#truths.has(id)))
      return undefined;
    const neutral = { mul: 1, min: 1, max: 0 }[step.function as string];
    const data = neutral === undefined ? undefined : this.#data(weight);
    return data?.every((value) => value === neutral) ? id : undefined;
  }

  #chosen(step: SelectStep): number | undefined {
    const condition = this.#data(step.cWeight);
    if (condition === undefined) return undefined;
    const isFirst = condition[0] !== 0;
    if (!condition.every((value) => (value !== 0) === isFirst)) return undefined;
    const [id, strides] = isFirst ? [step.a, step.aStrides] : [step.b, step.bStrides];
    return id !== undefined && isInPlace(strides, this.#shape(step.output)) ? id : undefined;
  }

  #twin(step: Step): number | undefined {
    if (!comparable.has(step.op)) return undefined;
    const { output, name: _, ...rest } = step;
    const key = JSON.stringify({ ...rest, shape: this.#shape(output) }, (field, value) => (field.endsWith('Weight') ? this.#contents(value as string) : value)); // biome-ignore format: one key
    const twin = this.#known.get(key);
    if (twin === undefined) this.#known.set(key, output);
    return twin;
  }

  #contents(weight: string): unknown {
    const tensor = this.#builder.weights.get(weight)!;
    if (sizeOf(tensor.shape) > mostCompared) return weight;
    return {
      shape: tensor.shape,
      numbers: Array.from(tensor.data, (value) => (Object.is(value, -0) ? '-0' : String(value))),
    };
  }

  #givesTruth(step: Step): boolean {
    const isTrue = (id: number | undefined, weight: string | undefined): boolean =>
      id === undefined ? (this.#data(weight)?.every((value) => value === 0 || value === 1) ?? false) : this.#truths.has(id);
    switch (step.op) {
      case 'unary': return ['not', 'is-nan', 'is-inf'].includes(step.function);
      case 'binary': return ['equal', 'less', 'less-equal'].includes(step.function) || (['min', 'max', 'mul'].includes(step.function) && isTrue(step.a, step.aWeight) && isTrue(step.b, step.bWeight));
      case 'select': return isTrue(step.a, step.aWeight) && isTrue(step.b, step.bWeight);
      case 'reshape': case 'transpose': return this.#truths.has(step.x);
      case 'copy': return isTrue(step.x, step.xWeight);
      case 'concat': return step.parts.every((part) => this.#truths.has(part));
      default: return false;
    }
  } // biome-ignore format: a table
}

/** Whether an operand is read number by number as it lies. */
const isInPlace = (strides: readonly number[], shape: readonly number[]): boolean => {
  const own = rowMajorStrides(shape);
  return strides.every((stride, d) => shape[d] === 1 || stride === own[d]);
};

export function simplifySteps(builder: PlanBuilder, outputs: ReadonlySet<number>): void {
  const steps = new Simplifier(builder, outputs).run();
  builder.setSteps(steps);
}
