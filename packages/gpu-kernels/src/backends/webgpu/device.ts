/**
 * Owns Dawn: the object that `create` returns, the adapter and the device. The instance must stay referenced for as long
 * as the device lives, because its collection tears Dawn down in native code. Nothing else calls `create`.
 */
import { DiptychError } from '@diptych/plugin-kit';
import { create } from 'webgpu';
import { findAdapter } from './adapters.ts';
import type { GpuOptions, LesserGpu } from './gpu-options.ts';
import { DeviceMemory } from './memory.ts';
import { Pipelines } from './pipelines.ts';

/**
 * Our shaders check their own bounds and initialise their workgroup memory; Dawn's repetition of both is left out.
 * DIPTYCH_WEBGPU=checked leaves everything in, for tests and for debugging.
 */
const trustedToggles = ['disable_robustness', 'disable_workgroup_init', 'disable_polyfills_on_integer_div_and_mod'];

/** What kernels use where the adapter has it. */
const usefulFeatures = ['timestamp-query'] as const;

/** What kernels and plans may exceed the guaranteed limits in. */
const usefulLimits = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupSizeX',
] as const;

export interface Gpu {
  /** Held, never used: see above. */
  readonly instance: GPU;
  readonly device: GPUDevice;
  readonly memory: DeviceMemory;
  readonly pipelines: Pipelines;
  readonly description: string;
  /** llvmpipe, SwiftShader and the like. */
  readonly software: boolean;
  /** Why the device was lost, once it is. */
  lost: string | undefined;
}

export async function openGpu(options: GpuOptions = {}, flags: readonly string[] = gpuFlags()): Promise<Gpu> {
  const chosen = options.adapter === undefined ? [] : [`adapter=${await findAdapter(options.adapter)}`];
  const instance = create([...flags, ...chosen]);
  const adapter = await instance.requestAdapter({ powerPreference: 'high-performance' });
  if (adapter === null) {
    throw new DiptychError(
      'BACKEND_UNAVAILABLE',
      'no Vulkan, Metal or D3D12 adapter: install a GPU driver, or mesa-vulkan-drivers 25 or newer for software rendering',
    );
  }
  const device = await adapter.requestDevice({
    requiredFeatures: featuresOf(adapter, options.lesser),
    requiredLimits: limitsOf(adapter, options.lesser),
  });
  const { description, device: name, isFallbackAdapter } = adapter.info;
  const gpu: Gpu = {
    instance,
    device,
    memory: new DeviceMemory(device, options.lesser?.memoryBytes),
    pipelines: new Pipelines(device),
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

/** Of the useful features those that are there: a device that lacks some runs the same plans in other ways. */
function featuresOf({ features }: GPUAdapter, { hiddenFeatures = [] }: LesserGpu = {}): GPUFeatureName[] {
  return usefulFeatures.filter((name) => features.has(name) && !hiddenFeatures.includes(name));
}

function limitsOf({ limits }: GPUAdapter, lesser: LesserGpu = {}): Record<string, number> {
  const bound = (name: (typeof usefulLimits)[number]): number =>
    Math.min(limits[name], lesser.limits?.[name] ?? Number.POSITIVE_INFINITY);
  return Object.fromEntries(usefulLimits.map((name) => [name, bound(name)]));
}

const gpuFlags = (): string[] =>
  process.env.DIPTYCH_WEBGPU === 'checked' ? [] : [`enable-dawn-features=${trustedToggles.join(',')}`];
