/** A plan resident on the device: weights, value memory, pipelines and bind groups made once; a run is one submit and one readback. */
import { DiptychError } from '@diptych/plugin-kit';
import { assignMemory } from '../../graph/memory.ts';
import type { Plan } from '../../graph/plan.ts';
import { sizeOf } from '../../graph/shapes.ts';
import { imageVariants } from '../../kernels/image/image.ts';
import { type BufferReference, type Dispatch, shapesOf } from '../../kernels/kernel.ts';
import { dispatchOf, type KernelStep } from '../../kernels/kernel-table.ts';
import { imageSteps, outputNames, tensorInputNames } from '../run-inputs.ts';
import { bindingAlignment, GrowingBuffer, usage, withErrorScopes } from './buffers.ts';
import type { Gpu } from './device.ts';
import { encodeImages, ImageStage } from './image-stage.ts';
import type { PackedImages, RunRequest } from './messages.ts';
import type { Pipelines } from './pipelines.ts';

/** Words of the largest `Run` struct: items, zero and 14 parameters. */
const runWords = 16;

interface ReadyDispatch {
  readonly dispatch: Dispatch;
  readonly pipeline: GPUComputePipeline;
  readonly group: GPUBindGroup;
}

export class GpuModel {
  readonly #gpu: Gpu;
  readonly #plan: Plan;
  readonly #values: readonly GPUBuffer[];
  readonly #owned: readonly GPUBuffer[];
  readonly #uniform: GPUBuffer;
  readonly #dispatches: readonly ReadyDispatch[];
  readonly #imageStages: readonly ImageStage[];
  readonly #readback: GrowingBuffer;

  private constructor(
    gpu: Gpu,
    plan: Plan,
    resources: Resources,
    dispatches: readonly ReadyDispatch[],
    imageStages: readonly ImageStage[],
  ) {
    this.#gpu = gpu;
    this.#plan = plan;
    this.#values = resources.values;
    this.#owned = resources.owned;
    this.#uniform = resources.uniform;
    this.#dispatches = dispatches;
    this.#imageStages = imageStages;
    this.#readback = new GrowingBuffer(gpu.device, usage.mapRead | usage.copyTarget);
  }

  /** `plan.batch` must be a number of items whose every value fits one binding. */
  static load(gpu: Gpu, pipelines: Pipelines, plan: Plan, weights: readonly Float32Array[]): Promise<GpuModel> {
    return withErrorScopes(gpu.device, failureOf(plan), async () => {
      const shapes = shapesOf(plan);
      const steps = plan.steps.filter((step) => step.op !== 'image' && step.op !== 'reshape') as KernelStep[];
      const images = imageSteps(plan);
      const warm = images
        .flatMap((step) => imageVariants(step.recipe))
        .map(({ kernel, constants }) => pipelines.get(kernel, constants, 4));
      const planned = steps.map((step) => dispatchOf(step, shapes));
      const resources = allocate(gpu.device, plan, weights, planned.length);
      const ready = planned.map(async (dispatch, index): Promise<ReadyDispatch> => {
        const count = dispatch.bindings.length + 1;
        const run = { buffer: resources.uniform, offset: index * bindingAlignment, size: runWords * 4 };
        const others = dispatch.bindings.map((reference) => ({ buffer: resources.find(reference) }));
        const entries = [run, ...others].map((resource, binding) => ({ binding, resource }));
        const group = gpu.device.createBindGroup({ layout: pipelines.layout(count), entries });
        return { dispatch, pipeline: await pipelines.get(dispatch.kernel, dispatch.constants, count), group };
      });
      const [dispatches] = await Promise.all([Promise.all(ready), Promise.all(warm)]);
      return new GpuModel(
        gpu,
        plan,
        resources,
        dispatches,
        images.map((step) => new ImageStage(gpu.device, pipelines, step)),
      );
    });
  }

  /** At most `plan.batch` items. Outputs in the order of `outputNames`. */
  run(request: RunRequest): Promise<Float32Array[]> {
    return withErrorScopes(this.#gpu.device, failureOf(this.#plan), async () => {
      const { device } = this.#gpu;
      await this.#submit(request);
      const sizes = outputNames(this.#plan).map((name) => sizeOf(this.#plan.outputs[name]!.shape) * request.items * 4);
      const staging = this.#readback.atLeast(sizes.reduce((sum, size) => sum + size, 0));
      const encoder = device.createCommandEncoder();
      let offset = 0;
      for (const [index, name] of outputNames(this.#plan).entries()) {
        encoder.copyBufferToBuffer(this.#values[this.#plan.outputs[name]!.value]!, 0, staging, offset, sizes[index]!);
        offset += sizes[index]!;
      }
      device.queue.submit([encoder.finish()]);
      await staging.mapAsync(1, 0, offset);
      const all = staging.getMappedRange(0, offset).slice(0);
      staging.unmap();
      offset = 0;
      return sizes.map((size) => {
        const output = new Float32Array(all.slice(offset, offset + size));
        offset += size;
        return output;
      });
    });
  }

  async #submit({ items, tensors, images }: RunRequest): Promise<void> {
    const { device } = this.#gpu;
    this.#writeUniform(items);
    for (const [index, name] of tensorInputNames(this.#plan).entries()) {
      device.queue.writeBuffer(this.#values[this.#plan.inputs[name]!]!, 0, tensors[index]! as Float32Array<ArrayBuffer>);
    }
    const prepared = await Promise.all(
      this.#imageStages.map((stage, index) => this.#prepareImages(stage, index, images[index]!)),
    );
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    for (const encoded of prepared) encodeImages(pass, encoded);
    for (const { dispatch, pipeline, group } of this.#dispatches) {
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, group);
      pass.dispatchWorkgroups(...dispatch.grid(items));
    }
    pass.end();
    device.queue.submit([encoder.finish()]);
  }

  /** One slot of 256 bytes a dispatch: items, a zero, then its parameters. */
  #writeUniform(items: number): void {
    const words = new Int32Array((Math.max(1, this.#dispatches.length) * bindingAlignment) / 4);
    for (const [index, { dispatch }] of this.#dispatches.entries()) {
      words.set([items, 0, ...(dispatch.parameters ?? [])], (index * bindingAlignment) / 4);
    }
    this.#gpu.device.queue.writeBuffer(this.#uniform, 0, words);
  }

  #prepareImages(stage: ImageStage, index: number, images: PackedImages): ReturnType<ImageStage['prepare']> {
    return stage.prepare(images, this.#values[imageSteps(this.#plan)[index]!.output]!);
  }

  destroy(): void {
    for (const buffer of this.#owned) buffer.destroy();
    for (const stage of this.#imageStages) stage.destroy();
    this.#readback.destroy();
  }
}

interface Resources {
  /** Buffer of each value. */
  readonly values: readonly GPUBuffer[];
  readonly owned: readonly GPUBuffer[];
  readonly uniform: GPUBuffer;
  find(reference: BufferReference): GPUBuffer;
}

function allocate(device: GPUDevice, plan: Plan, weights: readonly Float32Array[], dispatches: number): Resources {
  const storage = usage.storage | usage.copyTarget | usage.copySource;
  const { slotOf, slotSizes } = assignMemory(plan);
  const slots = slotSizes.map((size) => device.createBuffer({ size: Math.max(16, size * plan.batch * 4), usage: storage }));
  const zero = device.createBuffer({ size: 16, usage: storage });
  const uniform = device.createBuffer({
    size: Math.max(1, dispatches) * bindingAlignment,
    usage: usage.uniform | usage.copyTarget,
  });
  const weightBuffers = new Map(
    plan.weights.map(({ name }, index) => {
      const buffer = device.createBuffer({ size: Math.max(16, weights[index]!.byteLength), usage: storage });
      device.queue.writeBuffer(buffer, 0, weights[index]! as Float32Array<ArrayBuffer>);
      return [name, buffer];
    }),
  );
  const values = slotOf.map((slot) => slots[slot]!);
  return {
    values,
    owned: [...slots, zero, uniform, ...weightBuffers.values()],
    uniform,
    find: (reference) => {
      if (reference === 'zero') return zero;
      return 'value' in reference ? values[reference.value]! : weightBuffers.get(reference.weight)!;
    },
  };
}

const failureOf =
  (plan: Plan) =>
  (kind: 'memory' | 'validation', message: string): Error =>
    kind === 'memory'
      ? new DiptychError(
          'OUT_OF_MEMORY',
          `The GPU has no memory for "${plan.name}" with a batch of ${plan.batch}: ${message}. Use a smaller batch or --backend native.`,
        )
      : new DiptychError(
          'INVARIANT_BROKEN',
          `WebGPU refused what Diptych asked of it for "${plan.name}": ${message}. This is a bug in Diptych; please report it.`,
        );
