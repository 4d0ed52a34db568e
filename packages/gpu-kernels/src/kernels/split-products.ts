/**
 * Weights that exceed what an adapter binds at once. Products of them become several, each of some of the columns, and the columns are
 * joined again: AlexNet's and VGG's first full layer, and heads over a vocabulary, on the smallest adapters. Tables are read part by
 * part, by `gather`. Parts are views of the given weights, never copies.
 */

import type { Plan, Step } from '../graph/plan.ts';
import type { Conv2dStep } from '../graph/plan-images.ts';
import type { GatherStep } from '../graph/plan-moves.ts';
import type { GemmStep } from '../graph/plan-products.ts';
import { sizeOf } from '../graph/shapes.ts';
import type { WeightRows } from './kernel.ts';

export interface SplitPlan {
  readonly plan: Plan;
  /** Weights of the plan that are rows of a given one. */
  readonly rows: ReadonlyMap<string, WeightRows>;
}

type Product = GemmStep | Conv2dStep;

/** Parts but the last have a multiple of this, so that every product has columns that tiles like. */
const columnsMultiple = 64;

/** One product a column of whose weight fits; where something is added before the activation, the parts of that would need copies. */
const isSplittable = (step: Step): step is Product =>
  (step.op === 'gemm' || (step.op === 'conv2d' && step.groups === 1)) && step.residual === undefined;

/** Rows `first` to `end` of a weight of `shape`. */
export function weightRows(weight: string, [, ...inner]: readonly number[], first: number, end: number): WeightRows {
  return { weight, from: first * sizeOf(inner), to: end * sizeOf(inner) };
}

/** Rows of each part of a table that is too large, undefined where it fits or where no row does. */
export function rowsAtOnce(
  { dimension }: GatherStep,
  [rows = 0, ...inner]: readonly number[],
  bytes: number,
): number | undefined {
  const most = Math.floor(bytes / 4 / sizeOf(inner));
  return dimension === 0 && most > 0 && most < rows ? most : undefined;
}

/** The plan where weights of more than `bytes` bytes in float32 are read in parts; where no part would fit, they stay whole. */
export function splitProducts(plan: Plan, bytes: number): SplitPlan {
  const shapes = new Map(plan.weights.map(({ name, shape }) => [name, shape]));
  const values = [...plan.values];
  const rows = new Map<string, WeightRows>();
  const added = new Map<string, readonly number[]>();
  const part = (weight: string, first: number, end: number): string => {
    const shape = shapes.get(weight)!;
    const name = `${weight} ${first}…${end}`;
    rows.set(name, weightRows(weight, shape, first, end));
    added.set(name, [end - first, ...shape.slice(1)]);
    return name;
  };
  const steps = plan.steps.flatMap((step): Step[] => {
    if (!isSplittable(step)) return [step];
    const [columns = 0, ...inner] = shapes.get(step.weight)!;
    const width = widthOf(columns, sizeOf(inner) * 4, bytes);
    if (width === undefined) return [step];
    const shape = values[step.output]!.shape;
    const parts = Array.from({ length: Math.ceil(columns / width) }, (_, index): Product => {
      const [first, end] = [index * width, Math.min((index + 1) * width, columns)];
      const output = values.length;
      values.push({ id: output, shape: [...shape.slice(0, -1), end - first] });
      const bias = step.bias === undefined ? {} : { bias: part(step.bias, first, end) };
      return { ...step, weight: part(step.weight, first, end), ...bias, output };
    });
    const { name, output } = step;
    return [
      ...parts,
      { op: 'concat', name, parts: parts.map((product) => product.output), dimension: shape.length - 1, output },
    ];
  });
  if (rows.size === 0) return { plan, rows };
  const weights = [...plan.weights, ...[...added].map(([name, shape]) => ({ name, shape }))];
  return { plan: { ...plan, values, steps, weights }, rows };
}

/** Columns of each part, undefined where one is enough or where not even few columns fit. */
function widthOf(columns: number, bytesOfColumn: number, bytes: number): number | undefined {
  const most = Math.floor(bytes / bytesOfColumn / columnsMultiple) * columnsMultiple;
  if (columns * bytesOfColumn <= bytes || most === 0) return undefined;
  return Math.ceil(columns / Math.ceil(columns / most) / columnsMultiple) * columnsMultiple;
}
