/** Prepares the images of one image step: uploads their bytes and encodes the kernels that write the value of the plan. */
import { DiptychError } from '@diptych/plugin-kit';
import type { ImageStep } from '../../graph/plan.ts';
import { type ImageDispatch, imageDispatches } from '../../kernels/image/image.ts';
import { flatGrid } from '../../kernels/kernel.ts';
import { alignUp, bindingAlignment, GrowingBuffer, usage } from './buffers.ts';
import type { Gpu } from './device.ts';
import type { PackedImages } from './messages.ts';
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
interface Buffers {
  readonly source: GPUBuffer;
  readonly between: readonly [GPUBuffer, GPUBuffer];
  readonly output: GPUBuffer;
}
type PackedImage = PackedImages['images'][number];
type Window = { readonly firstRow: number; readonly rows: number; readonly offset: number; readonly size: number };

export class ImageStage {
  readonly #device: GPUDevice;
  readonly #pipelines: Pipelines;
  readonly #step: ImageStep;
  readonly #source: GrowingBuffer;
  readonly #tables: GrowingBuffer;
  readonly #parameters: GrowingBuffer;
  /** Packed pixels between kernels, used in turns. */
  readonly #between: readonly [GrowingBuffer, GrowingBuffer];
  readonly #tableCache = new Map<string, Int32Array>();

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

  /** Uploads and gives what to dispatch, in order. `output` holds float32 `[items, height, width, 3]`. */
  async prepare({ images, bytes }: PackedImages, output: GPUBuffer): Promise<Encoded[]> {
    const plans = images.map((image) => ({ image, dispatches: imageDispatches(this.#step.recipe, image) }));
    const tables = this.#uploadTables(plans.flatMap(({ dispatches }) => dispatches));
    const source = this.#source.atLeast(bytes.byteLength);
    this.#device.queue.writeBuffer(source, 0, bytes);
    const packedSizes = plans.flatMap(({ dispatches }) =>
      dispatches.filter(({ isLast }) => !isLast).map((dispatch) => dispatch.output.width * dispatch.output.height * 4),
    );
    const betweenSize = this.#fitting(Math.max(16, ...packedSizes));
    const between = this.#between.map((buffer) => buffer.atLeast(betweenSize)) as [GPUBuffer, GPUBuffer];
    const jobs = plans.flatMap(({ image, dispatches }, item) =>
      dispatches.flatMap((dispatch, index) => this.#jobs(dispatch, index, image, item, { source, between, output })),
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
          table === undefined ? job.source : tables.get(table.key)!,
          { buffer: job.target },
        ];
        const entries = resources.map((resource, binding) => ({ binding, resource }));
        const group = this.#device.createBindGroup({ layout: this.#pipelines.layout(bindings), entries });
        return { pipeline, group, threads: job.threads };
      }),
    );
  }

  /** One dispatch of an image; the first may come in bands. Kernels between the first and the last use two buffers in turns. */
  #jobs(dispatch: ImageDispatch, index: number, image: PackedImage, item: number, buffers: Buffers): Job[] {
    const { source, output, tableSize, left, top } = dispatch;
    const target = dispatch.isLast ? buffers.output : buffers.between[index % 2]!;
    const firstWord = dispatch.isLast ? item * output.width * output.height * 3 : 0;
    const job = (
      from: GPUBufferBinding,
      rows: number,
      outRows: number,
      sourceOffset: number,
      outputOffset: number,
    ): Job => ({
      dispatch,
      source: from,
      target,
      threads: output.width * outRows,
      parameters: [source.width, rows, output.width, outRows, left, top, tableSize.width, tableSize.height, sourceOffset, outputOffset], // biome-ignore format: the order of ImageParameters
    });
    if (index > 0) return [job({ buffer: buffers.between[(index + 1) % 2]! }, source.height, output.height, 0, firstWord)];
    const windows = this.#windows(dispatch, image.offset, image.channels);
    return windows.map((window) => {
      const from = { buffer: buffers.source, offset: alignDown(window.offset), size: window.size };
      const outRows = windows.length > 1 ? window.rows : output.height;
      return job(
        from,
        window.rows,
        outRows,
        restOffset(window.offset, image.channels),
        firstWord + window.firstRow * output.width,
      );
    });
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

  /**
   * Which part of the uploaded bytes a first kernel binds. An image larger than a binding is resized horizontally in bands
   * of rows; other first kernels bind it whole.
   */
  #windows(dispatch: ImageDispatch, offset: number, channels: number): Window[] {
    const rowBytes = dispatch.source.width * channels;
    const limit = this.#device.limits.maxStorageBufferBindingSize - 2 * bindingAlignment;
    const { height } = dispatch.source;
    const rowsAtOnce =
      dispatch.kernel.name === 'image/resize-horizontal' ? Math.max(1, Math.floor(limit / rowBytes)) : height;
    const windows: Window[] = [];
    for (let firstRow = 0; firstRow < height; firstRow += rowsAtOnce) {
      const rows = Math.min(rowsAtOnce, height - firstRow);
      const start = offset + firstRow * rowBytes;
      const size = this.#fitting(alignUp(start - alignDown(start) + rows * rowBytes, 4));
      windows.push({ firstRow, rows, offset: start, size });
    }
    return windows;
  }

  #uploadTables(dispatches: readonly ImageDispatch[]): ReadonlyMap<string, GPUBufferBinding> {
    const needed = new Map<string, Int32Array>();
    for (const { table } of dispatches) {
      if (table === undefined || needed.has(table.key)) continue;
      needed.set(table.key, this.#tableCache.get(table.key) ?? table.make());
    }
    if (this.#tableCache.size > 256) this.#tableCache.clear();
    const places = new Map<string, { offset: number; size: number }>();
    let total = 0;
    for (const [key, table] of needed) {
      this.#tableCache.set(key, table);
      places.set(key, { offset: total, size: table.byteLength });
      total += alignUp(table.byteLength, bindingAlignment);
    }
    const all = new Uint8Array(total);
    for (const [key, table] of needed) all.set(new Uint8Array(table.buffer), places.get(key)!.offset);
    const buffer = this.#tables.atLeast(total);
    this.#device.queue.writeBuffer(buffer, 0, all);
    return new Map([...places].map(([key, place]) => [key, { buffer, ...place }]));
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
