/** A plan resident on the device: weights, value memory, pipelines and bind groups made once; a run is one submit and one readback. */
import { DiptychError } from '@diptych/plugin-kit/runtime';
import { flopsOf } from '../../graph/flops.ts';
import type { Plan } from '../../graph/plan.ts';
import { sizeOf } from '../../graph/shapes.ts';
import { imageVariants } from '../../kernels/image/image.ts';
import type { Target } from '../../kernels/kernel.ts';
import { mergeProducts } from '../../kernels/merge-products.ts';
import { splitProducts } from '../../kernels/split-products.ts';
import { assignStorage, type PlannedDispatch, planDispatches } from '../../kernels/storage.ts';
import type { KernelTime } from '../../profile/kernel-time.ts';
import { imageSteps, outputNames, tensorInputNames } from '../run-inputs.ts';
import { alignUp, bindingAlignment } from './buffers.ts';
import type { Gpu } from './device.ts';
import { withErrorScopes } from './error-scopes.ts';
import { encodeImages, ImageStage, type Upload } from './image-stage.ts';
import { BufferSet, outOfMemory } from './memory.ts';

import type { PackedImages, RunAnswer, RunRequest } from './messages.ts';
import { PassTimes } from './pass-times.ts';
import { Readbacks } from './readbacks.ts';
import { allocate, type Resources, type WeightParts } from './resources.ts';
import { Uploads } from './uploads.ts';

/** Words of the largest `Run` struct: items, zero and 14 parameters. */
const runWords = 16;

interface ReadyDispatch {
  readonly dispatch: PlannedDispatch;
  readonly pipeline: GPUComputePipeline;
  readonly group: GPUBindGroup;
}

/** A run that was submitted. */
export interface RunInFlight {
  readonly answer: Promise<RunAnswer>;
}

export class GpuModel {
  readonly gpu: Gpu;
  readonly #plan: Plan;
  readonly #buffers: BufferSet;
  readonly #resources: Resources;
  readonly #dispatches: readonly ReadyDispatch[];
  readonly #imageStages: readonly ImageStage[];
  readonly #readbacks: Readbacks;
  readonly #uploads: Uploads;
  /** Of the run before, whose uniform is still there. */
  #items: number | undefined;
  readonly #times: PassTimes | undefined;

  private constructor(gpu: Gpu, plan: Plan, buffers: BufferSet, resources: Resources, dispatches: readonly ReadyDispatch[]) {
    this.gpu = gpu;
    this.#plan = plan;
    this.#buffers = buffers;
    this.#resources = resources;
    this.#dispatches = dispatches;
    this.#imageStages = imageSteps(plan).map((step) => new ImageStage(gpu, step));
    this.#readbacks = new Readbacks(gpu.memory);
    this.#uploads = new Uploads(gpu.memory);
    const passes = this.#imageStages.length + dispatches.length;
    this.#times = gpu.profile ? new PassTimes(gpu.device, buffers, passes) : undefined;
  }

  /** `plan.batch` must be a number of items whose every value fits one binding. OUT_OF_MEMORY leaves nothing behind. */
  static async load(gpu: Gpu, given: Plan, data: readonly Float32Array[], precision?: 'f32'): Promise<GpuModel> {
    const target = precision === undefined ? gpu.target : { ...gpu.target, precision };
    const { plan: split, rows } = splitProducts(given, target.bindingBytes);
    const { plan, joined } = mergeProducts(split, target.bindingBytes);
    const named = new Map(given.weights.map(({ name }, index) => [name, data[index]!]));
    for (const [name, { weight, from, to }] of rows) named.set(name, named.get(weight)!.subarray(from, to));
    const weights = new Map(plan.weights.map(({ name }) => [name, (joined.get(name) ?? [name]).map((part) => named.get(part)!)])); // biome-ignore format: one map
    const buffers = new BufferSet(gpu.memory);
    try {
      const { result, reported } = await withErrorScopes(gpu.device, failureOf(plan), () =>
        GpuModel.#load(gpu, target, plan, weights, buffers),
      );
      await reported;
      return result;
    } catch (error) {
      buffers.destroy();
      throw error;
    }
  }

  static async #load(gpu: Gpu, target: Target, plan: Plan, weights: WeightParts, buffers: BufferSet): Promise<GpuModel> {
    // biome-ignore format: one line
    const { device, pipelines } = gpu;
    const warm = imageSteps(plan)
      .flatMap((step) => imageVariants(step.recipe))
      .map(({ kernel, constants }) => pipelines.get(kernel, constants, 4));
    const storage = assignStorage(plan, target);
    const planned = planDispatches(plan, target, storage);
    const resources = allocate(device, buffers, plan, weights, storage, planned);
    const ready = planned.map(async (dispatch, index): Promise<ReadyDispatch> => {
      const count = dispatch.bindings.length + 1;
      const run = { buffer: resources.uniform, offset: index * bindingAlignment, size: runWords * 4 };
      const others = dispatch.bindings.map((reference) => ({ buffer: resources.find(reference) }));
      const entries = [run, ...others].map((resource, binding) => ({ binding, resource }));
      const group = device.createBindGroup({ layout: pipelines.layout(count), entries });
      return { dispatch, pipeline: await pipelines.get(dispatch.kernel, dispatch.constants, count), group };
    });
    const [dispatches] = await Promise.all([Promise.all(ready), Promise.all(warm)]);
    return new GpuModel(gpu, plan, buffers, resources, dispatches);
  }

  /**
   * Uploads and submits at most `plan.batch` items; calls must not overlap. What is submitted next is uploaded while the GPU
   * computes this: the queue keeps uploads behind the kernels that still read what they overwrite.
   */
  async submit(request: RunRequest): Promise<RunInFlight> {
    await this.#readbacks.turn();
    const sizes = outputNames(this.#plan).map((name) => sizeOf(this.#plan.outputs[name]!.shape) * request.items * 4);
    const total = sizes.reduce((sum, size) => sum + size, 0);
    const { result: staging, reported } = await withErrorScopes(this.gpu.device, failureOf(this.#plan), () =>
      this.#submit(request, sizes, total),
    );
    const read = async (): Promise<RunAnswer> => {
      const all = await this.#readbacks.read(staging, alignUp(total, 8) + (this.#times?.bytes ?? 0), reported);
      let offset = 0;
      const outputs = sizes.map((size) => {
        offset += size;
        return new Float32Array(all.slice(offset - size, offset));
      });
      return { outputs, times: this.#timesOf(all.slice(alignUp(total, 8)), request.items) };
    };
    return { answer: read() };
  }

  async #submit({ items, tensors, images }: RunRequest, sizes: readonly number[], total: number): Promise<GPUBuffer> {
    const { device } = this.gpu;
    const { values } = this.#resources;
    this.#writeUniform(items);
    const encoder = device.createCommandEncoder();
    const upload: Upload = (target, length, pieces) => this.#uploads.write(encoder, target, length, pieces);
    for (const [index, name] of tensorInputNames(this.#plan).entries()) {
      const { buffer, byteOffset, byteLength } = tensors[index]!;
      upload(values[this.#plan.inputs[name]!]!, byteLength, [
        { offset: 0, bytes: new Uint8Array(buffer, byteOffset, byteLength) },
      ]);
    }
    const prepared = await Promise.all(
      this.#imageStages.map((stage, index) => this.#prepareImages(stage, index, images[index]!, upload)),
    );
    const commands = [
      ...prepared.map((encoded) => (pass: GPUComputePassEncoder) => encodeImages(pass, encoded)),
      ...this.#dispatches.map((ready) => (pass: GPUComputePassEncoder) => encode(pass, ready, items)),
    ];
    this.#encode(encoder, commands);
    const staging = this.#readbacks.take(alignUp(total, 8) + (this.#times?.bytes ?? 0));
    let offset = 0;
    for (const [index, name] of outputNames(this.#plan).entries()) {
      encoder.copyBufferToBuffer(values[this.#plan.outputs[name]!.value]!, 0, staging, offset, sizes[index]!);
      offset += sizes[index]!;
    }
    this.#times?.copyTo(encoder, staging, alignUp(total, 8));
    device.queue.submit([encoder.finish()]);
    this.#uploads.submitted();
    return staging;
  }

  /** All in one pass; each in one of its own where they are timed. */
  #encode(encoder: GPUCommandEncoder, commands: readonly ((pass: GPUComputePassEncoder) => void)[]): void {
    const times = this.#times;
    const shared = times === undefined ? encoder.beginComputePass() : undefined;
    for (const [index, command] of commands.entries()) {
      const pass = shared ?? encoder.beginComputePass({ timestampWrites: times!.writes(index) });
      command(pass);
      if (shared === undefined) pass.end();
    }
    shared?.end();
  }

  #timesOf(bytes: ArrayBuffer, items: number): KernelTime[] {
    if (this.#times === undefined) return [];
    const images = imageSteps(this.#plan).map((step) => ({ step, kernel: 'image' }));
    const kernels = [...images, ...this.#dispatches.map(({ dispatch }) => ({ step: dispatch.step, kernel: dispatch.kernel.name }))]; // biome-ignore format: one list
    return PassTimes.read(bytes).map(([start, end], index): KernelTime => {
      const { step, kernel } = kernels[index]!;
      // Kernels after a step's first only finish what it did.
      const flops = kernels[index - 1]?.step === step ? 0 : flopsOf(step, this.#plan) * items;
      return { model: this.#plan.name, step: step.name, op: step.op, kernel, start, milliseconds: end - start, flops };
    });
  }

  /** One slot of 256 bytes a dispatch: items, a zero, then its parameters. */
  #writeUniform(items: number): void {
    if (items === this.#items) return;
    this.#items = items;
    const words = new Int32Array((Math.max(1, this.#dispatches.length) * bindingAlignment) / 4);
    for (const [index, { dispatch }] of this.#dispatches.entries()) {
      words.set([items, 0, ...(dispatch.parameters ?? [])], (index * bindingAlignment) / 4);
    }
    this.gpu.device.queue.writeBuffer(this.#resources.uniform, 0, words);
  }

  #prepareImages(stage: ImageStage, index: number, images: PackedImages, upload: Upload): ReturnType<ImageStage['prepare']> {
    return stage.prepare(images, this.#resources.values[imageSteps(this.#plan)[index]!.output]!, upload);
  }

  /** Waits for the runs in flight. */
  async destroy(): Promise<void> {
    await this.#readbacks.destroy();
    await this.#uploads.destroy();
    this.#times?.destroy();
    this.#buffers.destroy();
    for (const stage of this.#imageStages) stage.destroy();
  }
}

function encode(pass: GPUComputePassEncoder, { dispatch, pipeline, group }: ReadyDispatch, items: number): void {
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, group);
  pass.dispatchWorkgroups(...dispatch.grid(items));
}

const failureOf =
  (plan: Plan) =>
  (kind: 'memory' | 'validation', message: string): Error =>
    kind === 'memory'
      ? outOfMemory(`"${plan.name}" with a batch of ${plan.batch}: ${message}`)
      : new DiptychError(
          'INVARIANT_BROKEN',
          `WebGPU refused what Diptych asked of it for "${plan.name}": ${message}. This is a bug in Diptych; please report it.`,
        );
