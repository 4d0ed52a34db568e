/** Pipelines by prelude, compiled in parallel and kept for the life of the device. */
import { DiptychError } from '@diptych/plugin-kit';
import type { Constants, Kernel } from '../../kernels/kernel.ts';
import { linesBefore, pipelineKey, shaderText } from './prelude.ts';

/** GPUShaderStage.COMPUTE; Dawn for Node puts no such constants on the global object. */
const computeStage = 4;

export class Pipelines {
  readonly #device: GPUDevice;
  readonly #pipelines = new Map<string, Promise<GPUComputePipeline>>();
  readonly #layouts = new Map<number, GPUBindGroupLayout>();

  constructor(device: GPUDevice) {
    this.#device = device;
  }

  get count(): number {
    return this.#pipelines.size;
  }

  /** Binding 0 is a uniform, the last one is written, those between are read. All stay in the layout, used or not. */
  layout(bindings: number): GPUBindGroupLayout {
    let layout = this.#layouts.get(bindings);
    if (layout === undefined) {
      const typeOf = (binding: number): GPUBufferBindingType =>
        binding === 0 ? 'uniform' : binding === bindings - 1 ? 'storage' : 'read-only-storage';
      layout = this.#device.createBindGroupLayout({
        entries: Array.from({ length: bindings }, (_, binding) => ({
          binding,
          visibility: computeStage,
          buffer: { type: typeOf(binding) },
        })),
      });
      this.#layouts.set(bindings, layout);
    }
    return layout;
  }

  get(kernel: Kernel, constants: Constants, bindings: number): Promise<GPUComputePipeline> {
    const key = pipelineKey(kernel, constants);
    let pipeline = this.#pipelines.get(key);
    if (pipeline === undefined) {
      pipeline = this.#compile(kernel, constants, bindings);
      this.#pipelines.set(key, pipeline);
    }
    return pipeline;
  }

  async #compile(kernel: Kernel, constants: Constants, bindings: number): Promise<GPUComputePipeline> {
    const device = this.#device;
    device.pushErrorScope('validation'); // the module's errors are read below, not printed
    const module = device.createShaderModule({ label: kernel.name, code: shaderText(kernel, constants) });
    const scope = device.popErrorScope();
    const layout = device.createPipelineLayout({ bindGroupLayouts: [this.layout(bindings)] });
    try {
      return await device.createComputePipelineAsync({
        label: kernel.name,
        layout,
        compute: { module, entryPoint: 'main' },
      });
    } catch (cause) {
      const { messages } = await module.getCompilationInfo();
      const before = linesBefore(kernel, constants);
      const place = (line: number): string =>
        line > before ? `line ${line - before}` : `line ${line} of prelude and library`;
      const errors = messages
        .filter(({ type }) => type === 'error')
        .map(({ lineNum, message }) => `${place(lineNum)}: ${message}`);
      const reason = errors.length > 0 ? errors.join('; ') : String(cause);
      throw new DiptychError(
        'INVARIANT_BROKEN',
        `Kernel ${kernel.name} does not compile: ${reason}. This is a bug in Diptych; please report it.`,
        { cause },
      );
    } finally {
      await scope;
    }
  }
}
