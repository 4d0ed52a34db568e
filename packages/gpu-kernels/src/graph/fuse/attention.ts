/**
 * MatMul · scale + mask, Softmax, MatMul become one `attention` step, as exporters write attention: the scale on either
 * side of the product or split over both operands, masks as constants or values, heads split and merged by transposes.
 */
import type { Tensor } from '@diptych/plugin-kit';
import type { AttentionStep, MatmulStep, MatrixView, SoftmaxStep, Step } from '../plan.ts';
import type { PlanBuilder } from '../plan-builder.ts';
import { rowMajorStrides, sameShape, sizeOf } from '../shapes.ts';
import { type Sides, type StepIndex, scalarFactor, sidesOf, viewOf } from './views.ts';

type Mask = Sides['other'] & { readonly shape: readonly number[] };

interface Scores {
  readonly product: MatmulStep & { readonly a: number; readonly b: number };
  readonly scale: number;
  readonly masks: readonly Mask[];
}

/** Back from the input of a softmax to the product, through masks that are added and one factor. */
function scoresBefore(index: StepIndex, id: number, scale: number, masks: readonly Mask[]): Scores | undefined {
  const step = index.producer(id);
  if (step === undefined || index.onlyReader(id) === undefined) return undefined;
  if (step.op === 'reshape') {
    const sameMatrices = sameShape(index.shape(step.x).slice(-2), index.shape(id).slice(-2));
    return sameMatrices ? scoresBefore(index, step.x, scale, masks) : undefined;
  }
  if (step.op === 'matmul') {
    if (step.a === undefined || step.b === undefined) return undefined;
    return { product: { ...step, a: step.a, b: step.b }, scale, masks };
  }
  if (step.op !== 'binary') return undefined;
  const scaled = scalarFactor(index, step);
  if (scaled !== undefined) return scoresBefore(index, scaled.value, scale * scaled.factor, masks);
  // A mask below a factor would be scaled too.
  if (step.function !== 'add' || scale !== 1) return undefined;
  for (const { value, other } of sidesOf(index, step)) {
    const found = scoresBefore(index, value, 1, [...masks, { ...other, shape: index.shape(id) }]);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The product that alone reads the weights. */
function productAfter(index: StepIndex, id: number): (MatmulStep & { readonly b: number }) | undefined {
  const step = index.onlyReader(id);
  if (step?.op === 'reshape' && sameShape(index.shape(step.x).slice(-2), index.shape(step.output).slice(-2)))
    return productAfter(index, step.output);
  return step?.op === 'matmul' && step.a === id && step.b !== undefined && step.b !== id
    ? { ...step, b: step.b }
    : undefined;
}

/** Leading dimensions as two, or fewer filled up with 1; undefined where an operand walks them in a way that two cannot say. */
function mergeLead(sizes: readonly number[], lists: readonly (readonly number[])[]): [number, number[]][] | undefined {
  const merged: [number, number[]][] = [];
  for (const [d, size] of sizes.entries()) {
    if (size === 1) continue;
    const strides = lists.map((list) => list[d]!);
    const last = merged.at(-1);
    if (last?.[1].every((stride, i) => stride === strides[i]! * size)) merged[merged.length - 1] = [last[0] * size, strides];
    else merged.push([size, strides]);
  }
  while (merged.length < 2) merged.unshift([1, lists.map(() => 0)]);
  return merged.length === 2 ? merged : undefined;
}

const withoutOnes = (shape: readonly number[]): number[] => shape.filter((size) => size !== 1);

/** Several constant masks as one, spread no further than they have to be. */
function joinMasks(builder: PlanBuilder, name: string, masks: readonly Mask[]): Mask | undefined {
  const [first, ...rest] = masks;
  if (first === undefined || rest.length === 0) return first;
  if (masks.some(({ weight, shape }) => weight === undefined || !sameShape(shape, first.shape))) return undefined;
  const shape = first.shape.map((size, d) => (masks.every(({ strides }) => strides[d] === 0) ? 1 : size));
  const own = rowMajorStrides(shape);
  const data = new Float32Array(sizeOf(shape));
  for (let to = 0; to < data.length; to++) {
    for (const { weight, strides } of masks) {
      const from = own.reduce((sum, unit, d) => sum + (Math.floor(to / unit) % shape[d]!) * strides[d]!, 0);
      data[to]! += builder.weights.get(weight!)!.data[from]!;
    }
  }
  const sum: Tensor = { shape, data };
  return {
    weight: builder.addWeight(`${name}.masks`, sum),
    strides: own.map((unit, d) => (shape[d] === 1 ? 0 : unit)),
    shape: first.shape,
  };
}

function attentionStep(
  builder: PlanBuilder,
  index: StepIndex,
  softmax: SoftmaxStep,
): { step: AttentionStep; replaces: Step[] } | undefined {
  const scores = scoresBefore(index, softmax.x, 1, []);
  const product = productAfter(index, softmax.output);
  if (scores === undefined || product === undefined) return undefined;
  const lead = index.shape(product.output).slice(0, -2);
  const leads = [scores.product.a, scores.product.b, product.b, ...scores.masks.flatMap(({ id }) => id ?? [])];
  const isAligned = (shape: readonly number[]): boolean => sameShape(withoutOnes(shape.slice(0, -2)), withoutOnes(lead));
  if (![scores.product.a, scores.product.b, product.b].every((id) => isAligned(index.shape(id))) || leads.length === 0)
    return undefined;
  if (!scores.masks.every(({ shape }) => isAligned(shape))) return undefined;
  const mask = joinMasks(builder, product.name, scores.masks);
  if (mask === undefined && scores.masks.length > 0) return undefined;

  const q = viewOf(index, scores.product.a, true);
  const kt = viewOf(index, scores.product.b, true);
  const v = viewOf(index, product.b, false);
  const merger = index.onlyReader(product.output);
  const turned = merger?.op === 'transpose' ? merger : undefined;
  const output = turned?.output ?? product.output;
  const own = rowMajorStrides(index.shape(output));
  const yStrides = turned === undefined ? own : own.map((_, d) => own[turned.permutation.indexOf(d)]!);

  // Dimensions of size 1 count nothing, and the operands need not have the same ones.
  const sized = (shape: readonly number[], strides: readonly number[]): number[] =>
    strides.slice(0, -2).filter((_, d) => shape[d] !== 1);
  const lists = [
    sized(index.shape(scores.product.a), q.strides),
    sized(index.shape(scores.product.b), kt.strides),
    sized(index.shape(product.b), v.strides),
    sized(index.shape(product.output), yStrides),
    mask === undefined ? withoutOnes(lead).map(() => 0) : sized(mask.shape, mask.strides),
  ];
  const merged = mergeLead(withoutOnes(lead), lists);
  if (merged === undefined) return undefined;
  const [[outer, outers], [heads, inners]] = merged as [[number, number[]], [number, number[]]];
  const view = (list: number, offset: number, row: number, column: number): MatrixView => ({
    offset,
    strides: [outers[list]!, inners[list]!, row, column],
  });
  const last = (strides: readonly number[]): [number, number] => [strides.at(-2)!, strides.at(-1)!];
  const [channelStride, keyStride] = last(kt.strides);
  const [rows, channels] = last(index.shape(scores.product.a));
  const [keys, valueChannels] = last(index.shape(product.b));
  const step: AttentionStep = {
    op: 'attention',
    name: product.name,
    q: q.root,
    k: kt.root,
    v: v.root,
    ...(mask === undefined ? {} : mask.id === undefined ? { maskWeight: mask.weight! } : { mask: mask.id }),
    outer,
    heads,
    rows,
    keys,
    channels,
    valueChannels,
    scale: scores.scale * q.factor * kt.factor,
    qView: view(0, q.offset, ...last(q.strides)),
    kView: view(1, kt.offset, keyStride, channelStride),
    vView: view(2, v.offset, ...last(v.strides)),
    yView: view(3, 0, ...last(yStrides)),
    ...(mask === undefined ? {} : { maskView: view(4, 0, ...last(mask.strides)) }),
    output,
  };
  return { step, replaces: turned === undefined ? [product] : [product, turned] };
}

export function fuseAttention(builder: PlanBuilder, index: StepIndex): void {
  for (const softmax of builder.steps.filter((step) => step.op === 'softmax')) {
    const fused = attentionStep(builder, index, softmax);
    if (fused === undefined) continue;
    const at = builder.steps.findIndex((step) => step.output === fused.replaces[0]!.output);
    builder.steps[at] = fused.step;
    const rest = new Set(fused.replaces.slice(1).map((step) => step.output));
    for (let i = builder.steps.length - 1; i > at; i--) if (rest.has(builder.steps[i]!.output)) builder.steps.splice(i, 1);
  }
}
