/**
 * A factor, a summand or a function for each channel that follows a convolution or a product, though its numbers were moved in
 * between: BatchNormalization and activation after a convolution of volumes, whose slices are moved apart. They become part of the
 * convolution as they would right behind it.
 */
import { scaledOutputs } from '../ops/scaling.ts';
import type { Step } from '../plan.ts';
import type { PlanBuilder } from '../plan-builder.ts';
import type { Conv2dStep } from '../plan-images.ts';
import type { GemmStep } from '../plan-products.ts';
import type { BinaryStep, UnaryStep } from '../plan-scalars.ts';
import { sizeOf } from '../shapes.ts';
import { type StepIndex, sidesOf, viewOf } from './views.ts';

type Product = Conv2dStep | GemmStep;

/** The convolution or product whose numbers value `id` holds, if only they are moved in between and nothing else reads any of it. */
function productBefore(index: StepIndex, id: number): Product | undefined {
  for (let at = id; index.onlyReader(at) !== undefined; ) {
    const step = index.producer(at);
    if (step?.op === 'conv2d' || step?.op === 'gemm')
      return at !== id && step.residual === undefined && step.activation.kind === 'none' ? step : undefined;
    const source = step?.op === 'reshape' || step?.op === 'transpose' || step?.op === 'copy' ? step.x : undefined;
    if (source === undefined) return undefined;
    at = source;
  }
  return undefined;
}

/** Whether an operand has one number for each channel of `product`, wherever its numbers lie in value `id`. */
function isOneAChannel(index: StepIndex, id: number, strides: readonly number[], product: Product): boolean {
  const view = viewOf(index, id, false);
  const sizes = index.shape(id);
  const channels = index.shape(product.output).at(-1)!;
  const isChannel = (d: number): boolean => view.strides[d] === 1 && strides[d] === 1 && sizes[d] === channels;
  const others = sizes.flatMap((size, d) => (size === 1 || isChannel(d) ? [] : [d]));
  const rest = others.every((d) => strides[d] === 0 && view.strides[d]! % channels === 0);
  return view.root === product.output && view.offset % channels === 0 && rest && others.length < sizes.filter((size) => size > 1).length; // biome-ignore format: one condition
}

interface Fused {
  readonly product: Product;
  readonly value: number;
}

function withConstant(builder: PlanBuilder, index: StepIndex, step: BinaryStep): Fused | undefined {
  if (step.function !== 'mul' && step.function !== 'add') return undefined;
  for (const { value, other } of sidesOf(index, step)) {
    const weight = other.weight === undefined ? undefined : builder.weights.get(other.weight);
    const product = weight === undefined ? undefined : productBefore(index, value);
    if (product === undefined || sizeOf(weight!.shape) !== index.shape(product.output).at(-1)) continue;
    const { data } = weight!;
    if (data.length < 2 || !isOneAChannel(index, value, other.strides, product) || !data.every(Number.isFinite)) continue;
    const [factor, offset] = step.function === 'mul' ? [data, undefined] : [data.map(() => 1), Float64Array.from(data)];
    return { product: scaledOutputs(builder, product, factor, offset), value };
  }
  return undefined;
}

function withFunction(index: StepIndex, step: UnaryStep): Fused | undefined {
  const product = productBefore(index, step.x);
  if (product === undefined) return undefined;
  const { min, max, alpha, beta } = step;
  const given = Object.entries({ min, max, alpha, beta }).filter(([, value]) => value !== undefined);
  return { product: { ...product, activation: { kind: step.function, ...Object.fromEntries(given) } }, value: step.x };
}

export function fuseChannels(builder: PlanBuilder, index: StepIndex): void {
  const replaced = new Map<number, readonly Step[]>();
  for (const step of builder.steps) {
    const fused =
      step.op === 'binary' ? withConstant(builder, index, step)
      : step.op === 'unary' ? withFunction(index, step)
      : undefined; // biome-ignore format: a table
    if (fused === undefined) continue;
    const view: Step = { op: 'reshape', name: step.name, x: fused.value, output: step.output };
    for (const next of [fused.product, view]) {
      index.replace(next);
      replaced.set(next.output, [next]);
    }
  }
  builder.replaceAll(replaced);
}
