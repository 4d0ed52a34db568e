/** The GPU backend as the main thread sees it: checks and packs here, everything that touches Dawn in one worker thread. */
import { DiptychError, isDiptychError, type ModelInputs, type RasterImage, type Tensors } from '@diptych/plugin-kit';
import type { Plan } from '../../graph/plan.ts';
import { sizeOf } from '../../graph/shapes.ts';
import { maxRank } from '../../kernels/kernel.ts';
import type { OpenedBackend } from '../../open-backend.ts';
import type { Backend, Executable, Unsupported } from '../backend.ts';
import { outputNames, type RunInputs, readRunInputs, tensorsOf, throwIfAborted } from '../run-inputs.ts';
import { alignUp, bindingAlignment } from './buffers.ts';
import type { Opened, PackedImages, RunRequest } from './messages.ts';
import { WorkerLink } from './worker-link.ts';

/** Image bytes uploaded at once; a batch of larger images is run in parts. */
const maxUploadBytes = 512 * 2 ** 20;

/** Throws BACKEND_UNAVAILABLE where there is no adapter or Dawn does not load. */
export async function openWebgpu(): Promise<OpenedBackend> {
  const link = new WorkerLink();
  let opened: Opened;
  try {
    opened = await link.ask<Opened>({ kind: 'open' });
  } catch (cause) {
    await link.close();
    const reason =
      isDiptychError(cause) && cause.code === 'BACKEND_UNAVAILABLE'
        ? cause.message
        : `Dawn does not start: ${String(cause)}`;
    throw new DiptychError('BACKEND_UNAVAILABLE', reason, { cause });
  }
  return { backend: new WebgpuBackend(link, opened), software: opened.software };
}

class WebgpuBackend implements Backend {
  readonly name = 'webgpu';
  readonly adapter: string;
  readonly #link: WorkerLink;
  readonly #maxBindingSize: number;
  #models = 0;

  constructor(link: WorkerLink, opened: Opened) {
    this.#link = link;
    this.adapter = opened.description;
    this.#maxBindingSize = opened.maxBindingSize;
  }

  check(plan: Plan): readonly Unsupported[] {
    return plan.steps.flatMap((step) => {
      const shape = plan.values[step.output]!.shape;
      const place = { step: step.name, op: step.op };
      if ((step.op === 'binary' || step.op === 'transpose') && shape.length > maxRank) {
        return [{ ...place, reason: `${shape.length} dimensions without batch, at most ${maxRank} are implemented` }];
      }
      if (sizeOf(shape) * 4 <= this.#maxBindingSize) return [];
      return [
        { ...place, reason: `one item needs ${sizeOf(shape) * 4} bytes, the adapter binds at most ${this.#maxBindingSize}` },
      ];
    });
  }

  async compile(plan: Plan, weights: Tensors): Promise<Executable> {
    const model = this.#models++;
    const largest = Math.max(...plan.values.map(({ shape }) => sizeOf(shape) * 4));
    // A batch whose values exceed one binding is run in parts, so that small adapters run the same plans.
    const items = Math.min(plan.batch, Math.floor(this.#maxBindingSize / largest));
    await this.#link.ask({
      kind: 'compile',
      model,
      plan: { ...plan, batch: items },
      weights: plan.weights.map(({ name }) => weights[name]!.data),
    });
    return new WebgpuExecutable(this.#link, plan, model, items);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#link.close();
  }
}

class WebgpuExecutable implements Executable {
  readonly #link: WorkerLink;
  readonly #plan: Plan;
  readonly #model: number;
  readonly #itemsAtOnce: number;
  #disposed = false;

  constructor(link: WorkerLink, plan: Plan, model: number, itemsAtOnce: number) {
    this.#link = link;
    this.#plan = plan;
    this.#model = model;
    this.#itemsAtOnce = itemsAtOnce;
  }

  async run(inputs: ModelInputs, signal?: AbortSignal): Promise<Tensors> {
    throwIfAborted(signal);
    if (this.#disposed)
      throw new DiptychError('INVARIANT_BROKEN', `Model "${this.#plan.name}" was run after it was disposed of.`);
    const read = readRunInputs(this.#plan, inputs);
    const names = outputNames(this.#plan);
    const outputs = names.map((name) => new Float32Array(read.items * sizeOf(this.#plan.outputs[name]!.shape)));
    for (const [first, end] of this.#parts(read)) {
      throwIfAborted(signal);
      const { request, transfer } = packRequest(read, first, end);
      const results = await this.#link.ask<Float32Array[]>({ kind: 'run', model: this.#model, request }, transfer);
      for (const [index, name] of names.entries())
        outputs[index]!.set(results[index]!, first * sizeOf(this.#plan.outputs[name]!.shape));
    }
    throwIfAborted(signal);
    return tensorsOf(this.#plan, read.items, outputs);
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
): { request: RunRequest; transfer: ArrayBuffer[] } {
  const parts = tensors.map((data) => data.slice((first * data.length) / items, (end * data.length) / items));
  const packed = images.map((list) => packImages(list.slice(first, end)));
  return {
    request: { items: end - first, tensors: parts, images: packed },
    transfer: [...parts, ...packed.map(({ bytes }) => bytes)].map(({ buffer }) => buffer as ArrayBuffer),
  };
}

/** One copy into a buffer that is then transferred: the caller keeps its pixels. */
function packImages(rasters: readonly RasterImage[]): PackedImages {
  let total = 0;
  const images = rasters.map(({ width, height, channels, data }) => {
    const offset = total;
    total += alignUp(data.byteLength + 4, bindingAlignment); // a pixel at the end is read as a whole word
    return { width, height, channels, offset };
  });
  const bytes = new Uint8Array(total);
  for (const [index, { data }] of rasters.entries()) bytes.set(data, images[index]!.offset);
  return { images, bytes };
}
