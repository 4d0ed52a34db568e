/** Prepares the images of one image step: uploads their bytes and encodes the kernels that write the value of the plan. */
import type { ImageStep } from '../../graph/plan.ts';
import { type ImageDispatch, imageDispatches } from '../../kernels/image/image.ts';
import { flatGrid } from '../../kernels/kernel.ts';
import { alignUp, bindingAlignment, GrowingBuffer, usage } from './buffers.ts';
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

  constructor(device: GPUDevice, pipelines: Pipelines, step: ImageStep) {
    this.#device = device;
    this.#pipelines = pipelines;
    this.#step = step;
    const storage = usage.storage | usage.copyTarget;
    this.#source = new GrowingBuffer(device, storage);
    this.#tables = new GrowingBuffer(device, storage);
    this.#parameters = new GrowingBuffer(device, usage.uniform | usage.copyTarget);
    this.#between = [new GrowingBuffer(device, storage), new GrowingBuffer(device, storage)];
  }

  /** Uploads and gives what to dispatch, in order. `output` holds float32 `[items, height, width, 3]`. */
  async prepare({ images, bytes }: PackedImages, output: GPUBuffer): Promise<Encoded[]> {
    const plans = images.map((image) => ({ image, dispatches: imageDispatches(this.#step.recipe, image) }));
    const tables = this.#uploadTables(plans.flatMap(({ dispatches }) => dispatches));
    const source = this.#source.atLeast(bytes.byteLength);
    this.#device.queue.writeBuffer(source, 0, bytes);
    const betweenSize = Math.max(
      16,
      ...plans.flatMap(({ dispatches }) =>
        dispatches.filter((d) => !d.isLast).map((d) => d.output.width * d.output.height * 4),
      ),
    );
    const between = this.#between.map((buffer) => buffer.atLeast(betweenSize));
    const parameters: number[][] = [];
    const pending: { dispatch: ImageDispatch; source: GPUBufferBinding; target: GPUBuffer; threads: number }[] = [];
    for (const [item, { image, dispatches }] of plans.entries()) {
      for (const [index, dispatch] of dispatches.entries()) {
        const windows = index === 0 ? this.#windows(dispatch, image.offset, image.channels) : [undefined];
        for (const window of windows) {
          const rows = window?.rows ?? dispatch.source.height;
          const outHeight = windows.length > 1 ? rows : dispatch.output.height;
          const outputOffset = dispatch.isLast
            ? item * dispatch.output.width * dispatch.output.height * 3
            : (window?.firstRow ?? 0) * dispatch.output.width;
          parameters.push([
            ...[dispatch.source.width, rows, dispatch.output.width, outHeight, dispatch.left, dispatch.top],
            ...[
              dispatch.tableSize.width,
              dispatch.tableSize.height,
              window === undefined ? 0 : this.#restOffset(window.offset, image.channels),
              outputOffset,
            ],
          ]);
          pending.push({
            dispatch,
            source:
              window === undefined
                ? { buffer: between[(index + 1) % 2]! }
                : { buffer: source, offset: alignDown(window.offset), size: window.size },
            target: dispatch.isLast ? output : between[index % 2]!,
            threads: dispatch.output.width * outHeight,
          });
        }
      }
    }
    const uniform = this.#uploadParameters(parameters);
    return Promise.all(
      pending.map(async ({ dispatch, source: from, target, threads }, index) => {
        const pipeline = await this.#pipelines.get(dispatch.kernel, dispatch.constants, bindings);
        const resources = [
          { buffer: uniform, offset: index * bindingAlignment, size: parameterWords * 4 },
          from,
          dispatch.table === undefined ? { buffer: uniform, offset: 0, size: 16 } : tables.get(dispatch.table.key)!,
          { buffer: target },
        ];
        // A kernel without a table reads nothing from binding 2; the source stands in, since a uniform cannot be bound as storage.
        if (dispatch.table === undefined) resources[2] = from;
        const entries = resources.map((resource, binding) => ({ binding, resource }));
        return {
          pipeline,
          group: this.#device.createBindGroup({ layout: this.#pipelines.layout(bindings), entries }),
          threads,
        };
      }),
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
      const size = alignUp(start - alignDown(start) + rows * rowBytes, 4);
      windows.push({ firstRow, rows, offset: start, size });
    }
    return windows;
  }

  /** Offset within the aligned binding: bytes for RGB, words for RGBA. */
  #restOffset(offset: number, channels: number): number {
    const rest = offset - alignDown(offset);
    return channels === 3 ? rest : rest / 4;
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

const alignDown = (offset: number): number => offset - (offset % bindingAlignment);

export function encodeImages(pass: GPUComputePassEncoder, encoded: readonly Encoded[]): void {
  for (const { pipeline, group, threads } of encoded) {
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, group);
    pass.dispatchWorkgroups(...flatGrid(threads));
  }
}
