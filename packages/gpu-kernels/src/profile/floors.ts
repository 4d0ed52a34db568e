/**
 * What a plan must cost on a GPU, known without one: for each dispatch the arithmetic, the bytes that it has to read and
 * write once, the workgroups, and the time below which a GPU of given rates cannot fall. The sum is a bound, no forecast: a
 * kernel that misses it by much is worth a look, one that is near it is done.
 */
import { flopsOf } from '../graph/flops.ts';
import type { Plan } from '../graph/plan.ts';
import { sizeOf } from '../graph/shapes.ts';
import { isHalfProduct } from '../kernels/conv2d/half-product.ts';
import { choiceOf, choiceText, type ProductSize } from '../kernels/conv2d/half-tiles.ts';
import { type BufferReference, type Dispatch, matrixDirective, type Storage, type Target } from '../kernels/kernel.ts';
import { mergeProducts } from '../kernels/merge-products.ts';
import { assignStorage, type PlannedDispatch, planDispatches } from '../kernels/storage.ts';

/** What a GPU reaches at most. */
export interface GpuRates {
  /** Products on matrix instructions, and all other arithmetic, in TFLOP/s. */
  readonly matrixTeraflops: number;
  readonly teraflops: number;
  /** Its memory, read and written, in GB/s. */
  readonly gigabytesPerSecond: number;
  /** What lies between one dispatch and the next, which waits for it. */
  readonly dispatchMicroseconds: number;
}

/** An H100 by its matrix instructions of a warp (arXiv 2402.13499), its data sheet, and a copy in its memory that was measured. */
export const h100Rates: GpuRates = {
  matrixTeraflops: 620,
  teraflops: 60,
  gigabytesPerSecond: 3000,
  dispatchMicroseconds: 2,
};
/** What its driver offers to WebGPU. */
export const h100Target: Target = {
  precision: 'f16',
  matrices: { side: 16, subgroup: 32 },
  workgroupBytes: 49152,
  workgroupThreads: 1024,
  bindingBytes: 2 ** 31 - 4,
  rolled: false,
};

export interface DispatchFloor {
  readonly step: string;
  readonly op: string;
  readonly kernel: string;
  readonly workgroups: number;
  /** Of `var<workgroup>` that the prelude sizes; 0 where the kernel's text does. */
  readonly workgroupBytes: number;
  /** Of the batch; 0 where the op's arithmetic is not counted. */
  readonly flops: number;
  readonly readBytes: number;
  readonly writtenBytes: number;
  /** The longer of arithmetic and memory. */
  readonly microseconds: number;
  /** Values that are float32 in half precision and neither an input nor an output of the plan. */
  readonly wideValues: number;
  /** Of the product: rows, columns and inner dimension, and the tile, buffers and parts that were chosen. */
  readonly product?: { readonly size: ProductSize; readonly choice: string };
}

/** Of the plan as the GPU runs it, products of one value merged. */
export function floorsOf(given: Plan, target: Target, rates: GpuRates): readonly DispatchFloor[] {
  const { plan } = mergeProducts(given);
  const storage = assignStorage(plan, target);
  const outside = new Set([...Object.values(plan.inputs), ...Object.values(plan.outputs).map(({ value }) => value)]);
  const weights = new Map(plan.weights.map(({ name, shape }) => [name, sizeOf(shape) * 4]));
  const bytesOf = (reference: BufferReference): number => {
    if (reference === 'zero') return 0;
    if ('weight' in reference) return weights.get(reference.weight)!;
    if ('rows' in reference) return (reference.rows.to - reference.rows.from) * 4;
    if ('halves' in reference) return reference.halves.paddedRows * reference.halves.paddedColumns * 2;
    if ('scratch' in reference) return reference.scratch * 4;
    return sizeOf(plan.values[reference.value]!.shape) * plan.batch * bytesOfNumber(storage[reference.value]!);
  };
  const planned = planDispatches(plan, target, storage);
  return planned.map((dispatch, index): DispatchFloor => {
    const { step, kernel, constants, bindings } = dispatch;
    const flops = planned[index - 1]?.step === step ? 0 : flopsOf(step, plan) * plan.batch;
    // What is bound twice, as the merged q, k and v are, is read once.
    const read = new Map(bindings.slice(0, -1).map((reference) => [JSON.stringify(reference), bytesOf(reference)]));
    const readBytes = [...read.values()].reduce((sum, bytes) => sum + bytes, 0);
    const writtenBytes = bytesOf(bindings.at(-1)!);
    const arithmetic = flops / (rateOf(dispatch, rates) * 1e6);
    const memory = (readBytes + writtenBytes) / (rates.gigabytesPerSecond * 1e3);
    return {
      step: step.name,
      op: step.op,
      kernel: kernel.name,
      workgroups: dispatch.grid(plan.batch).reduce((product, size) => product * size, 1),
      workgroupBytes: Number(constants['STAGED'] ?? 0) * 16,
      flops,
      readBytes,
      writtenBytes,
      microseconds: Math.max(arithmetic, memory),
      ...productOf(dispatch, plan, target, flops > 0),
      wideValues: bindings.filter((reference) => isWide(reference, storage, outside)).length,
    };
  });
}

const bytesOfNumber = (storage: Storage): number => (storage === 'f16' ? 2 : 4);

const isWide = (reference: BufferReference, storage: readonly Storage[], outside: ReadonlySet<number>): boolean =>
  typeof reference === 'object' &&
  'value' in reference &&
  storage[reference.value] === 'f32' &&
  !outside.has(reference.value);

const rateOf = ({ kernel }: Dispatch, { matrixTeraflops, teraflops }: GpuRates): number =>
  kernel.directives.includes(matrixDirective) ? matrixTeraflops : teraflops;

function productOf(
  { step, kernel }: PlannedDispatch,
  plan: Plan,
  target: Target,
  isFirst: boolean,
): Pick<DispatchFloor, 'product'> {
  const isProduct = step.op === 'gemm' || (step.op === 'conv2d' && step.groups === 1);
  if (!isProduct || !isFirst || !isHalfProduct(kernel)) return {};
  const shape = plan.values[step.output]!.shape;
  const columns = shape.at(-1)!;
  const inner = sizeOf(plan.weights.find(({ name }) => name === step.weight)!.shape.slice(1));
  const size = [(sizeOf(shape) / columns) * plan.batch, columns, inner] as const;
  return { product: { size, choice: choiceText(choiceOf(size, target)) } };
}
