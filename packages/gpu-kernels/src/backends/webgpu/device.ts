/**
 * Owns Dawn: the object that `create` returns, the adapter and the device. The instance must stay referenced for as long
 * as the device lives, because its collection tears Dawn down in native code. Nothing else calls `create`.
 */
import { DiptychError } from '@diptych/plugin-kit';
import { create } from 'webgpu';

/**
 * Our shaders check their own bounds and initialise their workgroup memory; Dawn's repetition of both is left out.
 * DIPTYCH_WEBGPU=checked leaves everything in, for tests and for debugging.
 */
const trustedToggles = ['disable_robustness', 'disable_workgroup_init', 'disable_polyfills_on_integer_div_and_mod'];

export interface Gpu {
  /** Held, never used: see above. */
  readonly instance: GPU;
  readonly device: GPUDevice;
  readonly description: string;
  /** llvmpipe, SwiftShader and the like. */
  readonly software: boolean;
  /** Why the device was lost, once it is. */
  lost: string | undefined;
}

export async function openGpu(flags: readonly string[] = gpuFlags()): Promise<Gpu> {
  const instance = create([...flags]);
  const adapter = await instance.requestAdapter({ powerPreference: 'high-performance' });
  if (adapter === null) {
    throw new DiptychError(
      'BACKEND_UNAVAILABLE',
      'no Vulkan, Metal or D3D12 adapter: install a GPU driver, or mesa-vulkan-drivers 25 or newer for software rendering',
    );
  }
  const { maxBufferSize, maxStorageBufferBindingSize } = adapter.limits;
  const device = await adapter.requestDevice({ requiredLimits: { maxBufferSize, maxStorageBufferBindingSize } });
  const { description, device: name, isFallbackAdapter } = adapter.info;
  const gpu: Gpu = {
    instance,
    device,
    description: description || name || 'unknown adapter',
    software:
      isFallbackAdapter || /llvmpipe|swiftshader|software|cpu/i.test(`${description} ${name} ${adapter.info.architecture}`),
    lost: undefined,
  };
  // Settles when the device goes, never rejects; nobody waits for it.
  void device.lost.then(({ reason, message }) => {
    gpu.lost = message || reason;
  });
  return gpu;
}

const gpuFlags = (): string[] =>
  process.env.DIPTYCH_WEBGPU === 'checked' ? [] : [`enable-dawn-features=${trustedToggles.join(',')}`];
