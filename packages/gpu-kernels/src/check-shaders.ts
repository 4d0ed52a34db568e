/** Compiles every kernel in every variant that its cases need on Dawn's null backend: no GPU, real WGSL errors, real limits. */
import { openGpu } from './backends/webgpu/device.ts';
import { pipelineKey } from './backends/webgpu/prelude.ts';
import { planGraph } from './graph/planner.ts';
import { allCases } from './kernels/all-cases.ts';
import { prepareCase } from './kernels/case.ts';
import { imageVariants } from './kernels/image/image.ts';
import { type Constants, type Kernel, shapesOf } from './kernels/kernel.ts';
import { dispatchesOf } from './kernels/kernel-table.ts';
import { sampleNetwork } from './sample-network.ts';

interface Variant {
  readonly kernel: Kernel;
  readonly constants: Constants;
  readonly bindings: number;
}

function* variants(): Generator<Variant> {
  const network = sampleNetwork({ size: 224 });
  const plans = [planGraph(network.graph, network.weights, 1).plan, ...allCases.map((given) => prepareCase(given).plan)];
  for (const plan of plans) {
    for (const step of plan.steps) {
      if (step.op === 'reshape') continue;
      if (step.op === 'image') {
        for (const variant of imageVariants(step.recipe)) yield { ...variant, bindings: 4 };
        continue;
      }
      for (const { kernel, constants, bindings } of dispatchesOf(step, shapesOf(plan)))
        yield { kernel, constants, bindings: bindings.length + 1 };
    }
  }
}

export interface ShaderReport {
  readonly kernels: number;
  readonly variants: number;
  readonly errors: readonly string[];
}

export async function checkShaders(): Promise<ShaderReport> {
  const gpu = await openGpu({}, ['backend=null']);
  const { pipelines } = gpu;
  const unique = new Map([...variants()].map((variant) => [pipelineKey(variant.kernel, variant.constants), variant]));
  const results = await Promise.allSettled(
    [...unique.values()].map(({ kernel, constants, bindings }) => pipelines.get(kernel, constants, bindings)),
  );
  const errors = results.flatMap((result) => (result.status === 'rejected' ? [String(result.reason)] : []));
  gpu.device.destroy();
  await gpu.device.lost;
  return { kernels: new Set([...unique.values()].map(({ kernel }) => kernel.name)).size, variants: unique.size, errors };
}

if (import.meta.main) {
  const { kernels, variants: count, errors } = await checkShaders();
  for (const error of errors) process.stderr.write(`${error}\n`);
  process.stdout.write(`${kernels} kernels, ${count} variants, ${errors.length} errors\n`);
  process.exitCode = errors.length === 0 ? 0 : 1;
}
