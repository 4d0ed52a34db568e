/**
 * Owns Dawn: the object that `create` returns, the adapter and the device. The instance must stay referenced for as long
 * as the device lives, because its collection tears Dawn down in native code. Nothing else calls `create`.
 */
import { DiptychError } from '@diptych/plugin-kit/runtime';
import { create } from 'webgpu';
import { readTunedTiles } from '../../kernels/conv2d/tuned-tiles.ts';
import { type MatrixUnit, matrixUnits, type Target } from '../../kernels/kernel.ts';
import { findAdapter } from './adapters.ts';
import type { GpuOptions, LesserGpu } from './gpu-options.ts';
import { DeviceMemory } from './memory.ts';
import { Pipelines } from './pipelines.ts';

/**
 * Our shaders check their own bounds and initialise their workgroup memory; Dawn's repetition of both is left out.
 * Matrix instructions are behind `allow_unsafe_apis` and need Vulkan's memory model; float16 on NVIDIA is behind a toggle
 * because of errors in scalar arithmetic, which our kernels do in float32.
 * DIPTYCH_WEBGPU=checked leaves Dawn's checks as they are, for tests and for debugging.
 */
const matrixToggles = ['allow_unsafe_apis', 'use_vulkan_memory_model', 'vulkan_enable_f16_on_nvidia'];
const trustedToggles = [
  'disable_robustness',
  'disable_workgroup_init',
  'disable_polyfills_on_integer_div_and_mod',
  ...matrixToggles,
];

const matrixFeature = 'chromium-experimental-subgroup-matrix' as GPUFeatureName;
const matrixFeatures = ['shader-f16', 'subgroups', 'subgroup-size-control' as GPUFeatureName, matrixFeature] as const;

/** What kernels use where the adapter has it. */
const usefulFeatures: readonly GPUFeatureName[] = ['timestamp-query', ...matrixFeatures];

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
  readonly target: Target;
  readonly profile: boolean;
  readonly description: string;
  /** llvmpipe, SwiftShader and the like. */
  readonly software: boolean;
  /** Why the device was lost, once it is. */
  lost: string | undefined;
}

/** Throws BACKEND_UNAVAILABLE where there is no adapter, or the one there is lacks what was asked for. */
export async function openGpu(options: GpuOptions = {}, flags: readonly string[] = gpuFlags(options)): Promise<Gpu> {
  const chosen = options.adapter === undefined ? [] : [`adapter=${await findAdapter(options.adapter)}`];
  const instance = create([...flags, ...chosen]);
  const adapter = await instance.requestAdapter({ powerPreference: 'high-performance' });
  if (adapter === null) {
    throw new DiptychError(
      'BACKEND_UNAVAILABLE',
      'no Vulkan, Metal or D3D12 adapter: install a GPU driver, or mesa-vulkan-drivers 25 or newer for software rendering',
    );
  }
  const features = featuresOf(adapter, options.lesser);
  const { precision = 'f32' } = options;
  const name = nameOf(adapter);
  if (precision === 'f16' && !features.includes('shader-f16')) {
    throw new DiptychError('BACKEND_UNAVAILABLE', `${name} has no shader-f16, which precision f16 needs; use f32`); // biome-ignore format: one sentence
  }
  if (options.profile && !features.includes('timestamp-query')) {
    throw new DiptychError('BACKEND_UNAVAILABLE', `${name} has no timestamp-query, which a profile needs`);
  }
  const device = await adapter.requestDevice({
    requiredFeatures: features,
    requiredLimits: limitsOf(adapter, options.lesser),
  });
  const gpu: Gpu = {
    instance,
    device,
    memory: new DeviceMemory(device, options.lesser?.memoryBytes),
    pipelines: new Pipelines(device),
    profile: options.profile ?? false,
    target: targetOf(adapter, device, options),
    description: name,
    software: isSoftware(adapter),
    lost: undefined,
  };
  // Settles when the device goes, never rejects; nobody waits for it.
  void device.lost.then(({ reason, message }) => {
    gpu.lost = message || reason;
  });
  return gpu;
}

/** The card and its driver: the description is the driver's alone. */
const nameOf = ({ info }: GPUAdapter): string =>
  [info.device, info.description].filter((part) => part !== '').join(', ') || 'unknown adapter';

/** llvmpipe, SwiftShader and the like. */
const isSoftware = ({ info }: GPUAdapter): boolean =>
  info.isFallbackAdapter ||
  /llvmpipe|swiftshader|software|cpu/i.test(`${info.description} ${info.device} ${info.architecture}`);

/** Of the useful features those that are there: a device that lacks some runs the same plans in other ways. */
function featuresOf({ features }: GPUAdapter, { hiddenFeatures = [] }: LesserGpu = {}): GPUFeatureName[] {
  return usefulFeatures.filter((name) => features.has(name) && !hiddenFeatures.includes(name));
}

function limitsOf({ limits }: GPUAdapter, lesser: LesserGpu = {}): Record<string, number> {
  const bound = (name: (typeof usefulLimits)[number]): number =>
    Math.min(limits[name], lesser.limits?.[name] ?? Number.POSITIVE_INFINITY);
  return Object.fromEntries(usefulLimits.map((name) => [name, bound(name)]));
}

/** The first of the kernels' shapes of matrices that the adapter multiplies, by subgroups that it can be held to. */
function matrixUnitOf({ info }: GPUAdapter, { features }: GPUDevice): MatrixUnit | undefined {
  if (!matrixFeatures.every((feature) => features.has(feature))) return undefined;
  const configs = [...((info as { subgroupMatrixConfigs?: Iterable<SubgroupMatrixConfig> }).subgroupMatrixConfigs ?? [])];
  return matrixUnits.find(
    ({ side, subgroup }) =>
      info.subgroupMinSize <= subgroup &&
      info.subgroupMaxSize >= subgroup &&
      configs.some(
        ({ componentType, resultComponentType, M, N, K }) =>
          componentType === 'f16' && resultComponentType === 'f32' && [M, N, K].every((size) => size === side),
      ),
  );
}

function targetOf(adapter: GPUAdapter, device: GPUDevice, { precision = 'f32', tile }: GpuOptions): Target {
  const matrices = matrixUnitOf(adapter, device);
  const { limits } = device;
  const tuned = readTunedTiles()[adapter.info.device];
  return {
    precision,
    ...(tuned === undefined ? {} : { tuned }),
    ...(matrices === undefined ? {} : { matrices }),
    workgroupBytes: limits.maxComputeWorkgroupStorageSize,
    workgroupThreads: Math.min(limits.maxComputeInvocationsPerWorkgroup, limits.maxComputeWorkgroupSizeX),
    bindingBytes: limits.maxStorageBufferBindingSize,
    rolled: isSoftware(adapter),
    ...(tile === undefined ? {} : { tile }),
  };
}

/** As Dawn lists them; not yet in the types of WebGPU. */
interface SubgroupMatrixConfig {
  readonly componentType: string;
  readonly resultComponentType: string;
  readonly M: number;
  readonly N: number;
  readonly K: number;
}

const gpuFlags = ({ profile }: GpuOptions): string[] => [
  `enable-dawn-features=${(process.env.DIPTYCH_WEBGPU === 'checked' ? matrixToggles : trustedToggles).join(',')}`,
  // Else timestamps are multiples of 65 microseconds.
  ...(profile ? ['disable-dawn-features=timestamp_quantization'] : []),
];
