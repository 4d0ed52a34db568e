/** Pipelines by prelude, compiled in parallel and kept for the life of the device. */
import { DiptychError } from '@diptych/plugin-kit/runtime';
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

  /** Reads and checks the text alone, for kernels that need more than this device's limits allow. */
  async checkText(kernel: Kernel, constants: Constants): Promise<void> {
    const { module, scope } = this.#module(kernel, constants);
    await scope;
    const reasons = await errorsOf(module, kernel, constants);
    if (reasons.length > 0) throw doesNotCompile(kernel, reasons.join('; '));
  }

  #module(kernel: Kernel, constants: Constants): { module: GPUShaderModule; scope: Promise<GPUError | null> } {
    this.#device.pushErrorScope('validation'); // the module's errors are read from it, not printed
    const module = this.#device.createShaderModule({ label: kernel.name, code: shaderText(kernel, constants) });
    return { module, scope: this.#device.popErrorScope() };
  }

  async #compile(kernel: Kernel, constants: Constants, bindings: number): Promise<GPUComputePipeline> {
    const { module, scope } = this.#module(kernel, constants);
    const layout = this.#device.createPipelineLayout({ bindGroupLayouts: [this.layout(bindings)] });
    try {
      return await this.#device.createComputePipelineAsync({
        label: kernel.name,
        layout,
        compute: { module, entryPoint: 'main' },
      });
    } catch (cause) {
      const reasons = await errorsOf(module, kernel, constants);
      throw doesNotCompile(kernel, reasons.length > 0 ? reasons.join('; ') : String(cause), cause);
    } finally {
      await scope;
    }
  }
}

/** With the line numbers of the kernel's own file. */
async function errorsOf(module: GPUShaderModule, kernel: Kernel, constants: Constants): Promise<string[]> {
  const before = linesBefore(kernel, constants);
  const place = (line: number): string => (line > before ? `line ${line - before}` : `line ${line} of prelude and library`);
  const { messages } = await module.getCompilationInfo();
  return messages.filter(({ type }) => type === 'error').map(({ lineNum, message }) => `${place(lineNum)}: ${message}`);
}

const doesNotCompile = ({ name }: Kernel, reason: string, cause?: unknown): DiptychError =>
  new DiptychError('INVARIANT_BROKEN', `Kernel ${name} does not compile: ${reason}. This is a bug in Diptych; please report it.`, { cause }); // biome-ignore format: one sentence
