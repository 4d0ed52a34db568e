/**
 * Products of one value whose results only an attention reads, as q, k and v are, become one product: the value is read
 * once, there are three times as many tiles for a large GPU, and two dispatches less. Attention reads through strides, so
 * that nothing is taken apart again. Weights are joined when they are packed, never copied before.
 */
import type { Plan, Step } from '../graph/plan.ts';
import type { AttentionStep, GemmStep, MatrixView } from '../graph/plan-products.ts';
import { sizeOf } from '../graph/shapes.ts';
import { dropUnread, valuesReadBy } from '../graph/tidy.ts';

export interface MergedPlan {
  readonly plan: Plan;
  /** Names of the weights that lie one after the other in a weight of the plan. */
  readonly joined: ReadonlyMap<string, readonly string[]>;
}

/** Columns of a merged product begin and end at words of 16 bytes, or its readers would be slower. */
const columnsMultiple = 8;
const operands = ['q', 'k', 'v'] as const;
type Operand = (typeof operands)[number];

/** No merged weight has more than `bytes`. */
export function mergeProducts(plan: Plan, bytes = Number.POSITIVE_INFINITY): MergedPlan {
  const merger = new Merger(plan, bytes);
  for (const step of plan.steps) if (step.op === 'attention') merger.merge(step);
  return merger.finish();
}

class Merger {
  readonly #plan: Plan;
  readonly #steps: Map<number, Step>;
  readonly #values: { readonly id: number; readonly shape: readonly number[] }[];
  readonly #weights: { readonly name: string; readonly shape: readonly number[] }[];
  readonly #joined = new Map<string, readonly string[]>();
  /** Where a step stands, by what it writes. */
  readonly #places: Map<number, number>;
  readonly #readers = new Map<number, number>();
  readonly #largest: number;
  readonly #bytes: number;

  constructor(plan: Plan, bytes: number) {
    this.#plan = plan;
    this.#bytes = bytes;
    this.#steps = new Map(plan.steps.map((step) => [step.output, step]));
    this.#places = new Map(plan.steps.map(({ output }, place) => [output, place]));
    this.#values = [...plan.values];
    this.#weights = [...plan.weights];
    this.#largest = Math.max(...plan.values.map(({ shape }) => sizeOf(shape)));
    const read = [...plan.steps.flatMap((step) => [...new Set(valuesReadBy(step))]), ...Object.values(plan.outputs).map(({ value }) => value)]; // biome-ignore format: one list
    for (const id of read) this.#readers.set(id, (this.#readers.get(id) ?? 0) + 1);
  }

  merge(attention: AttentionStep): void {
    const ids = [...new Set(operands.map((operand) => attention[operand]))];
    const products = ids.flatMap((id) => {
      const step = this.#steps.get(id);
      return step?.op === 'gemm' && this.#isMergeable(step) ? [step] : [];
    });
    for (const group of Map.groupBy(products, likenessOf).values()) {
      if (group.length > 1) this.#mergeGroup(group, this.#steps.get(attention.output) as AttentionStep);
    }
  }

  #isMergeable({ output, residual }: GemmStep): boolean {
    const columns = this.#plan.values[output]!.shape.at(-1)!;
    return residual === undefined && this.#readers.get(output) === 1 && columns % columnsMultiple === 0;
  }

  #mergeGroup(group: readonly GemmStep[], attention: AttentionStep): void {
    const [first] = group as [GemmStep];
    const widths = group.map(({ output }) => this.#values[output]!.shape.at(-1)!);
    const width = widths.reduce((sum, columns) => sum + columns, 0);
    const shape = [...this.#values[first.output]!.shape.slice(0, -1), width];
    if (sizeOf(shape) > this.#largest) return; // no new largest value: batches and limits go by that
    const inner = this.#weights.find(({ name }) => name === first.weight)!.shape.slice(1);
    if (width * sizeOf(inner) * 4 > this.#bytes) return;
    const output = this.#values.length;
    let changed: AttentionStep | undefined = attention;
    for (const [index, { output: from }] of group.entries()) {
      const before = widths.slice(0, index).reduce((sum, columns) => sum + columns, 0);
      changed = changed && redirected(changed, from, output, { from: widths[index]!, to: width, before });
    }
    if (changed === undefined) return;
    this.#values.push({ id: output, shape });
    const joinedBias =
      first.bias === undefined
        ? {}
        : {
            bias: this.#join(
              group.map(({ bias }) => bias!),
              [width],
            ),
          };
    const weight = this.#join(group.map((step) => step.weight), [width, ...inner]); // biome-ignore format: one call
    const product = { ...first, name: group.map(({ name }) => name).join('+'), weight, ...joinedBias, output };
    for (const { output: old } of group) this.#steps.delete(old);
    this.#steps.set(output, product);
    this.#places.set(output, this.#places.get(first.output)!); // what it reads is there by then
    this.#steps.set(attention.output, changed);
  }

  #join(names: readonly string[], shape: readonly number[]): string {
    let name = names.join('+');
    while (this.#weights.some((weight) => weight.name === name)) name += '+';
    this.#weights.push({ name, shape });
    this.#joined.set(name, names);
    return name;
  }

  finish(): MergedPlan {
    const { outputs } = this.#plan;
    if (this.#joined.size === 0) return { plan: this.#plan, joined: this.#joined };
    const placeOf = ({ output }: Step): number => this.#places.get(output)!;
    const steps = [...this.#steps.values()].toSorted((a, b) => placeOf(a) - placeOf(b));
    return { plan: dropUnread({ ...this.#plan, steps, values: this.#values, weights: this.#weights, outputs }), joined: this.#joined }; // biome-ignore format: one result
  }
}

/** Products alike in all but their weights can be one. */
const likenessOf = ({ x, activation, bias }: GemmStep): string => JSON.stringify([x, activation, bias === undefined]);

interface Columns {
  readonly from: number;
  readonly to: number;
  readonly before: number;
}

/** The attention with every operand `from` read from columns of `to`; undefined where strides cannot say it. */
function redirected(attention: AttentionStep, from: number, to: number, columns: Columns): AttentionStep | undefined {
  let result = attention;
  for (const operand of operands) {
    if (attention[operand] !== from) continue;
    const view = viewOf(attention[`${operand}View`], countsOf(attention, operand), columns);
    if (view === undefined) return undefined;
    result = { ...result, [operand]: to, [`${operand}View`]: view };
  }
  return result;
}

function countsOf(step: AttentionStep, operand: Operand): readonly number[] {
  const rows = operand === 'q' ? step.rows : step.keys;
  return [step.outer, step.heads, rows, operand === 'v' ? step.valueChannels : step.channels];
}

/** A stride either goes on by whole rows, or stays within a row together with the others that do. */
function viewOf(
  { offset, strides }: MatrixView,
  counts: readonly number[],
  { from, to, before }: Columns,
): MatrixView | undefined {
  const isRows = strides.map((stride, index) => stride % from === 0 || counts[index] === 1);
  const within = strides.reduce((sum, stride, index) => (isRows[index] ? sum : sum + stride * (counts[index]! - 1)), 0);
  if (strides.some((stride) => stride < 0) || (offset % from) + within >= from) return undefined;
  const stretched = strides.map((stride, index) => (isRows[index] ? (stride / from) * to : stride));
  return { offset: Math.floor(offset / from) * to + (offset % from) + before, strides: stretched as unknown as MatrixView['strides'] }; // biome-ignore format: one view
}
