/** Prints what the adapter that would be opened has: limits and features that kernels are chosen by, and matrix instructions. */
import { openGpu } from './backends/webgpu/device.ts';

const gpu = await openGpu();
const { device, target, description, software } = gpu;
const { maxComputeWorkgroupStorageSize, maxComputeInvocationsPerWorkgroup, maxStorageBufferBindingSize, maxBufferSize } = device.limits; // biome-ignore format: one list
const about = {
  adapter: description,
  software,
  features: [...device.features].toSorted(),
  matrices: target.matrices ?? 'none that kernels are written for',
  tunedSizes: Object.keys(target.tuned ?? {}).length,
  limits: { maxComputeWorkgroupStorageSize, maxComputeInvocationsPerWorkgroup, maxStorageBufferBindingSize, maxBufferSize },
};
process.stdout.write(`${JSON.stringify(about, undefined, 2)}\n`);
device.destroy();
await device.lost;
