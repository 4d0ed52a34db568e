/**
 * MatMul · scale + mask, Softmax, MatMul become one `attention` step, as exporters write attention: the scale on either
 * side of the product or split over both operands, masks as constants or values, heads split and merged by transposes.
 */
import type { Tensor } from '@diptych/plugin-kit';
import type { Step } from '../plan.ts';
import type { PlanBuilder } from '../plan-builder.ts';
import type { AttentionStep, MatmulStep, MatrixView } from '../plan-products.ts';
import { rowMajorStrides, sameShape, sizeOf } from '../shapes.ts';
import { constantOf } from './constants.ts';
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

/** Whether value `id` is a choice of two constants, neither of them infinite: a mask that takes no row whole. */
function isFiniteChoice(index: StepIndex, id: number | undefined): boolean {
  const step = id === undefined ? undefined : index.producer(id);
  if (step?.op === 'reshape' || step?.op === 'copy') return isFiniteChoice(index, step.x);
  const chosen = step?.op === 'select' ? [step.aWeight, step.bWeight] : [undefined];
  return chosen.every((name) => name !== undefined && index.weights.get(name)!.data.every(Number.isFinite));
}

/**
 * Past a guard that exporters put behind a softmax, `isNaN(weights) ? 0 : weights`: for rows that a mask leaves nothing of.
 * Of scores that are not numbers themselves it would make zeros; we do not.
 */
function pastGuard(index: StepIndex, id: number): { readonly weights: number; readonly isGuarded: boolean } {
  const readers = index.readers(id) ?? [];
  const test = readers.find((step) => step.op === 'unary' && step.function === 'is-nan');
  const choice = readers.find((step) => step.op === 'select');
  const isGuard =
    readers.length === 2 &&
    test !== undefined &&
    choice?.op === 'select' &&
    choice.c === test.output &&
    choice.b === id &&
    index.onlyReader(test.output) === choice &&
    choice.aWeight !== undefined &&
    index.weights.get(choice.aWeight)!.data.every((value) => value === 0);
  return { weights: isGuard ? choice.output : id, isGuarded: isGuard };
}

/** Whether every row is left a number by each mask: by one alone, because two may leave nothing between them. */
function leavesSome(index: StepIndex, masks: readonly Mask[], keys: number): boolean {
  const infinite = masks.filter(({ id }) => !isFiniteChoice(index, id));
  if (infinite.length > 1) return false;
  return infinite.every(({ weight, strides }) => {
    const data = weight === undefined ? undefined : index.weights.get(weight)!.data;
    if (data === undefined || strides.at(-1) !== 1 || data.length % keys !== 0) return false;
    const rows = Array.from({ length: data.length / keys }, (_, row) => data.subarray(row * keys, (row + 1) * keys));
    return rows.every((row) => row.some((score) => score !== -Infinity));
  });
}

/** The product that alone reads the weights. */
function productAfter(index: StepIndex, id: number): Product | undefined {
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

/** Masks that no input changes, as weights. */
function withConstants(builder: PlanBuilder, index: StepIndex, scores: Scores): Scores {
  const masks = scores.masks.map((mask, number): Mask => {
    const data = mask.id === undefined ? undefined : constantOf(index, mask.id);
    if (data === undefined) return mask;
    const { id: _, ...rest } = mask;
    const name = `${scores.product.name}.mask${number}`;
    return { ...rest, weight: builder.addWeight(name, { shape: [data.length], data }) };
  });
  return { ...scores, masks };
}

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

type Product = MatmulStep & { readonly b: number };

/** Where the result goes: into the transpose that alone reads it, if there is one, and how it lies there. */
function resultOf(index: StepIndex, product: Product): { output: number; strides: readonly number[]; replaces: Step[] } {
  const reader = index.onlyReader(product.output);
  if (reader?.op !== 'transpose')
    return { output: product.output, strides: rowMajorStrides(index.shape(product.output)), replaces: [product] };
  const own = rowMajorStrides(index.shape(reader.output));
  const strides = own.map((_, d) => own[reader.permutation.indexOf(d)]!);
  return { output: reader.output, strides, replaces: [product, reader] };
}

/** Dimensions of size 1 count nothing, and operands need not have the same ones. */
const hasLead = (shape: readonly number[], lead: readonly number[]): boolean =>
  sameShape(withoutOnes(shape.slice(0, -2)), lead);
const leadStrides = (shape: readonly number[], strides: readonly number[]): number[] =>
  strides.slice(0, -2).filter((_, d) => shape[d] !== 1);
const last = (list: readonly number[]): [number, number] => [list.at(-2)!, list.at(-1)!];

function attentionStep(
  builder: PlanBuilder,
  index: StepIndex,
  scores: Scores,
  product: Product,
  isGuarded: boolean,
): { step: AttentionStep; replaces: Step[] } | undefined {
  const [idQ, idK, idV] = [scores.product.a, scores.product.b, product.b];
  const lead = withoutOnes(index.shape(product.output).slice(0, -2));
  const shapes = [idQ, idK, idV].map((id) => index.shape(id));
  if (![...shapes, ...scores.masks.map(({ shape }) => shape)].every((shape) => hasLead(shape, lead))) return undefined;
  const mask = joinMasks(builder, product.name, scores.masks);
  if (mask === undefined && scores.masks.length > 0) return undefined;

  const [q, kt, v] = [viewOf(index, idQ, true), viewOf(index, idK, true), viewOf(index, idV, false)];
  const result = resultOf(index, product);
  const merged = mergeLead(lead, [
    leadStrides(index.shape(idQ), q.strides),
    leadStrides(index.shape(idK), kt.strides),
    leadStrides(index.shape(idV), v.strides),
    leadStrides(index.shape(product.output), result.strides),
    mask === undefined ? lead.map(() => 0) : leadStrides(mask.shape, mask.strides),
  ]);
  if (merged === undefined) return undefined;
  const [[outer, outers], [heads, inners]] = merged as [[number, number[]], [number, number[]]];
  const view = (operand: number, offset: number, [row, column]: readonly [number, number]): MatrixView => ({
    offset,
    strides: [outers[operand]!, inners[operand]!, row, column],
  });
  const [rows, channels] = last(index.shape(idQ));
  const [keys, valueChannels] = last(index.shape(idV));
  const [channelStride, keyStride] = last(kt.strides);
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
    qView: view(0, q.offset, last(q.strides)),
    kView: view(1, kt.offset, [keyStride, channelStride]),
    vView: view(2, v.offset, last(v.strides)),
    yView: view(3, 0, last(result.strides)),
    ...(mask === undefined ? {} : { maskView: view(4, 0, last(mask.strides)) }),
    ...(isGuarded && !leavesSome(index, scores.masks, keys) && { zeroEmpty: true as const }),
    output: result.output,
  };
  return { step, replaces: result.replaces };
}

export function fuseAttention(builder: PlanBuilder, index: StepIndex): void {
  const replaced = new Map<number, readonly Step[]>();
  for (const softmax of builder.steps.filter((step) => step.op === 'softmax')) {
    const found = scoresBefore(index, softmax.x, 1, []);
    const scores = found && withConstants(builder, index, found);
    const { weights, isGuarded } = pastGuard(index, softmax.output);
    const product = scores && productAfter(index, weights);
    const fused = scores && product && attentionStep(builder, index, scores, product, isGuarded);
    for (const [at, { output }] of (fused?.replaces ?? []).entries()) replaced.set(output, at === 0 ? [fused!.step] : []);
  }
  builder.replaceAll(replaced);
}
