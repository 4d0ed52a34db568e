/** Prepares the images of one image step: uploads their bytes and encodes the kernels that write the value of the plan. */
import { DiptychError } from '@diptych/plugin-kit/runtime';
import type { ImageStep } from '../../graph/plan-images.ts';
import type { Format } from '../../image-ops/stages.ts';
import { type ImageDispatch, imageDispatches } from '../../kernels/image/image.ts';
import { flatGrid } from '../../kernels/kernel.ts';
import { alignUp, bindingAlignment, GrowingBuffer, usage } from './buffers.ts';
import type { Gpu } from './device.ts';
import type { PackedImages, Piece } from './messages.ts';
import type { Pipelines } from './pipelines.ts';

/** Words of `ImageParameters` in `_lib/image.wgsl`. */
const parameterWords = 10;
const bindings = 4;

interface Encoded {
  readonly pipeline: GPUComputePipeline;
  readonly group: GPUBindGroup;
  readonly threads: number;
}
interface Job {
  readonly dispatch: ImageDispatch;
  readonly source: GPUBufferBinding;
  readonly target: GPUBuffer;
  readonly threads: number;
  /** In the order of `ImageParameters`. */
  readonly parameters: readonly number[];
}
type PackedImage = PackedImages['images'][number];
/** Fills the first bytes of a buffer before the kernels run. */
export type Upload = (target: GPUBuffer, length: number, pieces: readonly Piece[]) => void;

export class ImageStage {
  readonly #device: GPUDevice;
  readonly #pipelines: Pipelines;
  readonly #step: ImageStep;
  readonly #source: GrowingBuffer;
  readonly #tables: GrowingBuffer;
  readonly #parameters: GrowingBuffer;
  /** Packed pixels between kernels, used in turns. */
  readonly #between: readonly [GrowingBuffer, GrowingBuffer];

  constructor({ device, pipelines, memory }: Gpu, step: ImageStep) {
    this.#device = device;
    this.#pipelines = pipelines;
    this.#step = step;
    const storage = usage.storage | usage.copyTarget;
    this.#source = new GrowingBuffer(memory, storage);
    this.#tables = new GrowingBuffer(memory, storage);
    this.#parameters = new GrowingBuffer(memory, usage.uniform | usage.copyTarget);
    this.#between = [new GrowingBuffer(memory, storage), new GrowingBuffer(memory, storage)];
  }

  /** Uploads and gives what to dispatch, in order. `output` holds float32 `[items, height, width, channels]`. */
  async prepare({ images, length, pieces }: PackedImages, output: GPUBuffer, upload: Upload): Promise<Encoded[]> {
    const plans = images.map((image) => ({ image, dispatches: imageDispatches(this.#step.recipe, image) }));
    const tables = this.#uploadTables(plans.flatMap(({ dispatches }) => dispatches));
    const source = this.#source.atLeast(length);
    upload(source, length, pieces);
    const betweenSizes = plans.flatMap(({ dispatches }) => dispatches.slice(0, -1).map(({ to }) => wordsOf(to) * 4));
    const betweenSize = this.#fitting(Math.max(16, ...betweenSizes));
    const between = this.#between.map((buffer) => buffer.atLeast(betweenSize)) as [GPUBuffer, GPUBuffer];
    const jobs = plans.flatMap(({ image, dispatches }, item) =>
      dispatches.flatMap((dispatch, index) => {
        const isLast = index === dispatches.length - 1;
        const target = isLast ? output : between[index % 2]!;
        const firstWord = isLast ? item * wordsOf(dispatch.to) : 0;
        if (index === 0) return this.#firstJobs(dispatch, image, source, target, firstWord);
        return [jobOf(dispatch, { buffer: between[(index + 1) % 2]! }, target, { outputOffset: firstWord })];
      }),
    );
    const uniform = this.#uploadParameters(jobs.map(({ parameters }) => parameters));
    return Promise.all(
      jobs.map(async (job, index): Promise<Encoded> => {
        const { kernel, constants, table } = job.dispatch;
        const pipeline = await this.#pipelines.get(kernel, constants, bindings);
        const resources: GPUBufferBinding[] = [
          { buffer: uniform, offset: index * bindingAlignment, size: parameterWords * 4 },
          job.source,
          // A kernel without a table reads nothing there; its source stands in, since the layout wants a buffer.
          table === undefined ? job.source : tables.get(table)!,
          { buffer: job.target },
        ];
        const entries = resources.map((resource, binding) => ({ binding, resource }));
        const group = this.#device.createBindGroup({ layout: this.#pipelines.layout(bindings), entries });
        return { pipeline, group, threads: job.threads };
      }),
    );
  }

  /** The dispatches that read the uploaded bytes: one, or bands of rows where the image exceeds what the adapter binds. */
  #firstJobs(dispatch: ImageDispatch, image: PackedImage, source: GPUBuffer, target: GPUBuffer, firstWord: number): Job[] {
    const { from, to, rowByRow, top } = dispatch;
    const rowBytes = from.width * image.channels;
    const limit = this.#device.limits.maxStorageBufferBindingSize - 2 * bindingAlignment;
    const rowsAtOnce = rowByRow ? Math.max(1, Math.min(to.height, Math.floor(limit / rowBytes))) : to.height;
    const jobs: Job[] = [];
    for (let row = 0; row < to.height; row += rowsAtOnce) {
      const rows = Math.min(rowsAtOnce, to.height - row);
      const [firstRow, sourceRows] = rowByRow ? [top + row, rows] : [0, from.height];
      const offset = image.offset + firstRow * rowBytes;
      const size = this.#fitting(alignUp(offset - alignDown(offset) + sourceRows * rowBytes, 4));
      const binding = { buffer: source, offset: alignDown(offset), size };
      const sourceOffset = restOffset(offset, image.channels);
      const place = { sourceOffset, outputOffset: firstWord + row * (wordsOf(to) / to.height) };
      jobs.push(jobOf(dispatch, binding, target, rowByRow ? { ...place, top: 0, rows } : place));
    }
    return jobs;
  }

  /** The size, or OUT_OF_MEMORY where one image exceeds what the adapter binds. */
  #fitting(size: number): number {
    const limit = this.#device.limits.maxStorageBufferBindingSize;
    if (size <= limit) return size;
    throw new DiptychError(
      'OUT_OF_MEMORY',
      `An image of input "${this.#step.input}" needs ${size} bytes in one piece, this adapter binds at most ${limit}. Use --backend native.`,
    );
  }

  #uploadTables(dispatches: readonly ImageDispatch[]): ReadonlyMap<Int32Array, GPUBufferBinding> {
    const places = new Map<Int32Array, { offset: number; size: number }>();
    let total = 0;
    for (const { table } of dispatches) {
      if (table === undefined || places.has(table)) continue;
      places.set(table, { offset: total, size: table.byteLength });
      total += alignUp(table.byteLength, bindingAlignment);
    }
    const all = new Int32Array(total / 4);
    for (const [table, { offset }] of places) all.set(table, offset / 4);
    const buffer = this.#tables.atLeast(total);
    this.#device.queue.writeBuffer(buffer, 0, all);
    return new Map([...places].map(([table, place]) => [table, { buffer, ...place }]));
  }

  #uploadParameters(parameters: readonly (readonly number[])[]): GPUBuffer {
    const words = new Int32Array((parameters.length * bindingAlignment) / 4);
    for (const [index, list] of parameters.entries()) words.set(list, (index * bindingAlignment) / 4);
    const buffer = this.#parameters.atLeast(words.byteLength);
    this.#device.queue.writeBuffer(buffer, 0, words);
    return buffer;
  }

  destroy(): void {
    for (const buffer of [this.#source, this.#tables, this.#parameters, ...this.#between]) buffer.destroy();
  }
}

/** Words of one image of this format: a sample each where it is float32, else a pixel each. */
const wordsOf = ({ width, height, channels, isFloat }: Format): number => width * height * (isFloat ? channels : 1);

interface JobPlace {
  readonly sourceOffset?: number;
  readonly outputOffset: number;
  /** Of a band of rows, in place of the dispatch's. */
  readonly top?: number;
  readonly rows?: number;
}

function jobOf(dispatch: ImageDispatch, source: GPUBufferBinding, target: GPUBuffer, place: JobPlace): Job {
  const { from, to, left, tableWidth, tableHeight } = dispatch;
  const { sourceOffset = 0, outputOffset, top = dispatch.top, rows = to.height } = place;
  const parameters = [from.width, from.height, to.width, rows, left, top, tableWidth, tableHeight, sourceOffset, outputOffset]; // biome-ignore format: the order of ImageParameters
  return { dispatch, source, target, threads: dispatch.threads ?? to.width * rows, parameters };
}

/** Offset within the aligned binding: bytes for RGB, words for RGBA. */
function restOffset(offset: number, channels: number): number {
  const rest = offset - alignDown(offset);
  return channels === 3 ? rest : rest / 4;
}

const alignDown = (offset: number): number => offset - (offset % bindingAlignment);

export function encodeImages(pass: GPUComputePassEncoder, encoded: readonly Encoded[]): void {
  for (const { pipeline, group, threads } of encoded) {
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, group);
    pass.dispatchWorkgroups(...flatGrid(threads));
  }
}
