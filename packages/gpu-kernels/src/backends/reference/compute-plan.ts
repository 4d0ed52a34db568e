/** Plans computed in TypeScript. What prepares images comes from outside: import computes constants so, and needs none of it. */
import { invariant, type ModelInputs, type Tensors } from '@diptych/plugin-kit/runtime';
import { flopsOf } from '../../graph/flops.ts';
import type { Plan, Step } from '../../graph/plan.ts';
import { sizeOf } from '../../graph/shapes.ts';
import type { KernelTime } from '../../profile/kernel-time.ts';
import { type ImageCheck, imageSteps, outputNames, type RunInputs, readRunInputs, tensorInputNames, tensorsOf } from '../run-inputs.ts'; // biome-ignore format: one line
import { attention } from './attention.ts';
import { conv2d, convTranspose2d, gemm, matmul } from './convolution.ts';
import { binary, softmax, unary } from './elementwise.ts';
import { concat, copy, gather, select } from './gathering.ts';
import { pad, reshape, resizeNearest, transpose } from './movement.ts';
import { normalise, resample } from './normalisation.ts';
import { globalAveragePool, pool, reduce } from './pooling.ts';
import { conv2dInteger, gemmInteger, quantize, quantizeRange, roundFloat } from './quantization.ts';
import type { ReferenceOp, ReferenceOps, RunContext } from './run-context.ts';

const tensorOps: Omit<ReferenceOps, 'image'> = {
  conv2d,
  'conv-transpose2d': convTranspose2d,
  gemm,
  matmul,
  unary,
  binary,
  'global-average-pool': globalAveragePool,
  pool,
  softmax,
  'resize-nearest': resizeNearest,
  resample,
  normalise,
  attention,
  pad,
  transpose,
  reshape,
  reduce,
  copy,
  concat,
  gather,
  select,
  quantize,
  'quantize-range': quantizeRange,
  'round-float': roundFloat,
  'conv2d-integer': conv2dInteger,
  'gemm-integer': gemmInteger,
};

/** A plan computed at once: for numbers that import needs. */
export const computePlan = (plan: Plan, weights: Tensors, inputs: ModelInputs): Tensors =>
  new PlanComputer(plan, weights).compute(inputs);

/** What a plan needs that takes images. */
export interface ImageWork {
  readonly image: ReferenceOp<'image'>;
  readonly checkImage: ImageCheck;
}

/** Computes a plan step by step; `times` hears what each took. */
export class PlanComputer {
  readonly #plan: Plan;
  readonly #weights: Tensors;
  readonly #images: ImageWork | undefined;
  readonly #times: KernelTime[] | undefined;

  constructor(plan: Plan, weights: Tensors, images?: ImageWork, times?: KernelTime[]) {
    this.#times = times;
    this.#images = images;
    this.#plan = plan;
    // Made now: the bytes of a file are the caller's again once it is loaded.
    const whole = plan.weights.map(({ name, shape }) => [name, { shape, data: weights[name]!.data }] as const);
    this.#weights = Object.fromEntries(whole);
  }

  compute(inputs: ModelInputs): Tensors {
    const read = readRunInputs(this.#plan, inputs, this.#images?.checkImage);
    const image = this.#images?.image;
    const ops: Partial<ReferenceOps> = image === undefined ? tensorOps : { ...tensorOps, image };
    const values = this.#inputValues(read);
    const context = this.#context(read, values);
    for (const step of this.#plan.steps) {
      const y = new Float32Array(read.items * sizeOf(context.shape(step.output)));
      const start = performance.now();
      (ops[step.op] as ReferenceOp<Step['op']>)(step as never, y, context);
      this.#times?.push({
        model: this.#plan.name,
        step: step.name,
        op: step.op,
        kernel: 'TypeScript',
        start,
        milliseconds: performance.now() - start,
        flops: flopsOf(step, this.#plan) * read.items,
      });
      values.set(step.output, y);
    }
    return tensorsOf(
      this.#plan,
      read.items,
      outputNames(this.#plan).map((name) => values.get(this.#plan.outputs[name]!.value)!.slice()),
    );
  }

  #inputValues({ tensors }: RunInputs): Map<number, Float32Array> {
    return new Map(tensorInputNames(this.#plan).map((name, index) => [this.#plan.inputs[name]!, tensors[index]!]));
  }

  #context({ items, images }: RunInputs, values: ReadonlyMap<number, Float32Array>): RunContext {
    const plan = this.#plan;
    const inputs = imageSteps(plan).map((step) => step.input);
    const found = <T>(thing: T | undefined, what: string): T => {
      invariant(thing !== undefined, `The plan "${plan.name}" reads ${what} before it exists.`);
      return thing;
    };
    return {
      plan,
      items,
      shape: (id) => found(plan.values[id], `value ${id}`).shape,
      value: (id) => found(values.get(id), `value ${id}`),
      weight: (name) => found(this.#weights[name], `weight ${name}`).data,
      images: (input) => found(images[inputs.indexOf(input)], `images ${input}`),
    };
  }
}
