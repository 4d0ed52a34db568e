/** A loaded plan as the main thread sees it: packs runs, keeps several parts of one under way, and joins their scores. */
import { DiptychError, isDiptychError, type ModelInputs, type RasterImage, type Tensors } from '@diptych/plugin-kit/runtime';
import type { Plan } from '../../graph/plan.ts';
import { sizeOf } from '../../graph/shapes.ts';
import type { KernelTime } from '../../profile/kernel-time.ts';
import type { Executable } from '../backend.ts';
import { checkImage } from '../image-inputs.ts';
import { holdImages, outputNames, type RunInputs, readRunInputs, tensorsOf, throwIfAborted } from '../run-inputs.ts';
import { alignUp, bindingAlignment, smallestUpload } from './buffers.ts';
import { ownedBuffers, type PackedImages, type RunAnswer, type RunRequest } from './messages.ts';
import type { SpareBuffers } from './spare-buffers.ts';
import type { WorkerLink } from './worker-link.ts';

/** Parts of one run between packing and readback. */
const partsAhead = 2;

/** Image bytes uploaded at once; a batch of larger images is run in parts. */
const maxUploadBytes = 512 * 2 ** 20;

/** Begins the tasks in order, at most `ahead` at a time, and throws what the first to fail threw once none is running. */
async function inOrder(tasks: readonly (() => Promise<void>)[], ahead: number): Promise<void> {
  const running = new Set<Promise<void>>();
  let failure: { readonly error: unknown } | undefined;
  for (const task of tasks) {
    if (failure !== undefined) break;
    const settled = task()
      .catch((error: unknown) => {
        failure ??= { error };
      })
      .finally(() => running.delete(settled));
    running.add(settled);
    if (running.size >= ahead) await Promise.race(running);
  }
  await Promise.all(running);
  if (failure !== undefined) throw failure.error;
}

export class WebgpuExecutable implements Executable {
  readonly #link: WorkerLink;
  readonly #plan: Plan;
  readonly #model: number;
  readonly #itemsAtOnce: number;
  readonly #times: KernelTime[];
  #disposed = false;

  /** `times` gathers what kernels took, where the backend was opened for that. */
  constructor(link: WorkerLink, plan: Plan, model: number, itemsAtOnce: number, times: KernelTime[]) {
    this.#times = times;
    this.#link = link;
    this.#plan = plan;
    this.#model = model;
    this.#itemsAtOnce = itemsAtOnce;
  }

  async run(inputs: ModelInputs, signal?: AbortSignal): Promise<Tensors> {
    throwIfAborted(signal);
    if (this.#disposed)
      throw new DiptychError('INVARIANT_BROKEN', `Model "${this.#plan.name}" was run after it was disposed of.`);
    const read = readRunInputs(this.#plan, inputs, checkImage);
    const outputs = outputNames(this.#plan).map((name) => new Float32Array(read.items * this.#sizeOf(name)));
    const parts = [...this.#parts(read)].map(
      ([first, end]) =>
        () =>
          this.#runPart(read, first, end, outputs, signal),
    );
    await inOrder(parts, partsAhead).finally(holdImages(this.#plan, inputs));
    throwIfAborted(signal);
    return tensorsOf(this.#plan, read.items, outputs);
  }

  /** Writes the scores of a range of items into `outputs`; in halves where the GPU has too little memory for all at once. */
  async #runPart(
    read: RunInputs,
    first: number,
    end: number,
    outputs: readonly Float32Array[],
    signal?: AbortSignal,
  ): Promise<void> {
    throwIfAborted(signal);
    try {
      const { request, transfer } = packRequest(read, first, end, this.#link.spare);
      const answer = await this.#link.ask<RunAnswer>({ kind: 'run', model: this.#model, request }, transfer);
      this.#times.push(...answer.times);
      for (const [index, name] of outputNames(this.#plan).entries())
        outputs[index]!.set(answer.outputs[index]!, first * this.#sizeOf(name));
    } catch (error) {
      if (!isDiptychError(error) || error.code !== 'OUT_OF_MEMORY' || end - first === 1) throw error;
      const middle = first + Math.ceil((end - first) / 2);
      await this.#runPart(read, first, middle, outputs, signal);
      await this.#runPart(read, middle, end, outputs, signal);
    }
  }

  #sizeOf(output: string): number {
    return sizeOf(this.#plan.outputs[output]!.shape);
  }

  /** Ranges of items that fit the value memory and the upload. */
  *#parts({ items, images }: RunInputs): Generator<readonly [first: number, end: number]> {
    let first = 0;
    while (first < items) {
      let end = first;
      let bytes = 0;
      do {
        bytes += images.reduce((sum, list) => sum + list[end]!.data.byteLength, 0);
        end++;
      } while (end < items && end - first < this.#itemsAtOnce && bytes < maxUploadBytes);
      yield [first, end];
      first = end;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#disposed) return;
    this.#disposed = true;
    await this.#link.ask({ kind: 'dispose', model: this.#model });
  }
}

function packRequest(
  { items, tensors, images }: RunInputs,
  first: number,
  end: number,
  spare: SpareBuffers,
): { request: RunRequest; transfer: ArrayBuffer[] } {
  const parts = tensors.map((data) => packTensor(data.subarray((first * data.length) / items, (end * data.length) / items), spare)); // biome-ignore format: one step
  const packed = images.map((list) => packImages(list.slice(first, end), spare));
  return {
    request: { items: end - first, tensors: parts, images: packed },
    transfer: ownedBuffers({ tensors: parts, images: packed }),
  };
}

/** A copy that is then transferred: the caller keeps its numbers. */
function packTensor(data: Float32Array, spare: SpareBuffers): Float32Array {
  const copy = new Float32Array(spare.take(data.byteLength), 0, data.length);
  copy.set(data);
  return copy;
}

/**
 * One copy into a buffer that is then transferred: the caller keeps its pixels. Those in memory that threads share are read by the
 * other thread where they are, if there are enough of them for mapped buffers.
 */
function packImages(rasters: readonly RasterImage[], spare: SpareBuffers): PackedImages {
  let total = 0;
  const images = rasters.map(({ width, height, channels, data, view = 0 }) => {
    const offset = total;
    total += alignUp(data.byteLength + 4, bindingAlignment); // a pixel at the end is read as a whole word
    return { width, height, channels, view, offset };
  });
  if (total >= smallestUpload && rasters.every(({ data }) => data.buffer instanceof SharedArrayBuffer)) {
    const pieces = rasters.map(({ data }, index) => ({ offset: images[index]!.offset, bytes: data }));
    return { images, length: total, pieces };
  }
  const bytes = new Uint8Array(spare.take(total), 0, total);
  for (const [index, { data }] of rasters.entries()) bytes.set(data, images[index]!.offset);
  return { images, length: total, pieces: [{ offset: 0, bytes }] };
}
