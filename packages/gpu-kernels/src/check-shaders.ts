/** Compiles every kernel in every variant that its cases need on Dawn's null backend: no GPU, real WGSL errors, real limits. */
import { openGpu } from './backends/webgpu/device.ts';
import { pipelineKey } from './backends/webgpu/prelude.ts';
import { planGraph } from './graph/planner.ts';
import { allCases } from './kernels/all-cases.ts';
import { prepareCase } from './kernels/case.ts';
import { tiles } from './kernels/conv2d/half-tiles.ts';
import { prepareHalfCase } from './kernels/half-case.ts';
import { imageVariants } from './kernels/image/image.ts';
import { type Constants, guaranteedTarget, type Kernel, matrixUnits, type Target } from './kernels/kernel.ts';
import { assignStorage, planDispatches } from './kernels/storage.ts';
import { sampleBlocks, sampleNetwork } from './sample-network.ts';

/** What a pipeline is made of. */
export interface Variant {
  readonly kernel: Kernel;
  readonly constants: Constants;
  readonly bindings: number;
}

/** Half precision with and without matrix instructions, and float32: what devices there are. */
const half: Target = { ...guaranteedTarget, precision: 'f16' };
const targets: readonly Target[] = [
  guaranteedTarget,
  { ...guaranteedTarget, tile: 'wide' },
  half,
  { ...half, tile: 'narrow/2/2' },
  ...matrixUnits.flatMap((matrices) =>
    [...Object.keys(tiles), 'small/2', 'narrow/2/2', 'tall/2', 'medium/2/3', 'large/1/2', 'thin/2'].map((tile) => ({
      ...half,
      matrices,
      tile,
    })),
  ),
];

/** What every case and the sample networks need on those targets, some of it more than once. */
export function* variantsOn(targets: readonly Target[]): Generator<Variant> {
  const network = sampleNetwork({ size: 224 });
  const cases = allCases.filter(({ step }) => step.op !== 'image');
  const blocks = sampleBlocks();
  const samples = [network, blocks].map(({ graph, weights }) => planGraph(graph, weights, 1).plan);
  for (const target of targets) {
    const prepare = target.precision === 'f16' ? prepareHalfCase : prepareCase;
    for (const plan of [...samples, ...cases.map((given) => prepare(given).plan)]) {
      for (const { kernel, constants, bindings } of planDispatches(plan, target, assignStorage(plan, target)))
        yield { kernel, constants, bindings: bindings.length + 1 };
    }
  }
  for (const { step } of allCases) {
    if (step.op !== 'image') continue;
    for (const variant of imageVariants(step.recipe)) yield { ...variant, bindings: 4 };
  }
}

export interface ShaderReport {
  readonly kernels: number;
  readonly variants: number;
  /** Of them, those whose text was checked but not a pipeline made: they need more workgroup memory than the null device has. */
  readonly textsOnly: number;
  readonly errors: readonly string[];
}

export async function checkShaders(): Promise<ShaderReport> {
  const gpu = await openGpu({}, ['backend=null', 'enable-dawn-features=allow_unsafe_apis']);
  const { device, pipelines } = gpu;
  const isTooLarge = ({ constants }: Variant): boolean =>
    Number(constants['STAGED'] ?? 0) * 16 > device.limits.maxComputeWorkgroupStorageSize;
  const unique = new Map(
    [...variantsOn(targets)].map((variant) => [pipelineKey(variant.kernel, variant.constants), variant]),
  );
  const results = await Promise.allSettled(
    [...unique.values()].map((variant) => {
      const { kernel, constants, bindings } = variant;
      return isTooLarge(variant) ? pipelines.checkText(kernel, constants) : pipelines.get(kernel, constants, bindings);
    }),
  );
  const errors = results.flatMap((result) => (result.status === 'rejected' ? [String(result.reason)] : []));
  device.destroy();
  await device.lost;
  const all = [...unique.values()];
  const kernels = new Set(all.map(({ kernel }) => kernel.name)).size;
  return { kernels, variants: all.length, textsOnly: all.filter(isTooLarge).length, errors };
}

if (import.meta.main) {
  const { kernels, variants: count, textsOnly, errors } = await checkShaders();
  for (const error of errors) process.stderr.write(`${error}\n`);
  process.stdout.write(`${kernels} kernels, ${count} variants (${textsOnly} as text only), ${errors.length} errors\n`);
  process.exitCode = errors.length === 0 ? 0 : 1;
}
