/**
 * Compiles every kernel as the adapter that Dawn finds would run it, and prints what the driver's compiler says of each. Nothing
 * is run. See README.md for how to have an NVIDIA compiler without a card.
 *
 *   node compile.ts OUT [--only NAME] [NETWORK.onnx ...]
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openGpu } from '../../src/backends/webgpu/device.ts';
import { pipelineKey, shaderText } from '../../src/backends/webgpu/prelude.ts';
import { type Variant, variantsOn } from '../../src/check-shaders.ts';
import { tiles } from '../../src/kernels/conv2d/half-tiles.ts';
import type { Target } from '../../src/kernels/kernel.ts';
import { mergeProducts } from '../../src/kernels/merge-products.ts';
import { assignStorage, planDispatches } from '../../src/kernels/storage.ts';
import { planOnnx } from '../../src/onnx/plan-onnx.ts';
import { readReport } from './read-report.ts';
import { type Compiled, tableOf } from './table.ts';

const { values, positionals } = parseArgs({ options: { only: { type: 'string', default: '' } }, allowPositionals: true });
const [out, ...networks] = positionals;
if (out === undefined)
  throw new Error('Name the folder for the reports: node compile.ts OUT [--only TEXT] [NETWORK.onnx ...]');
await mkdir(out, { recursive: true });

const gpu = await openGpu();
const full: Target = { ...gpu.target, precision: 'f32' };
const half: Target = { ...full, precision: 'f16' };
const { matrices: _, ...withoutMatrices } = half;
const choices = Object.keys(tiles).flatMap((name) => [name, `${name}/2`, `${name}/2/2`]);
const targets: readonly Target[] = [
  full,
  { ...full, tile: 'wide' },
  withoutMatrices,
  ...choices.map((tile) => ({ ...half, tile })),
];

async function* networkVariants(): AsyncGenerator<Variant> {
  for (const path of networks) {
    const { plan } = mergeProducts((await planOnnx(await readFile(path), { batch: 64 })).planned.plan);
    for (const target of [full, half]) {
      for (const { kernel, constants, bindings } of planDispatches(plan, target, assignStorage(plan, target)))
        yield { kernel, constants, bindings: bindings.length + 1 };
    }
  }
}

const { device, pipelines, target } = gpu;
const variants = new Map<string, Variant>();
for (const variant of [...(await Array.fromAsync(networkVariants())), ...variantsOn(targets)]) {
  const fits = Number(variant.constants['STAGED'] ?? 0) * 16 <= target.workgroupBytes;
  if (fits && variant.kernel.name.includes(values.only))
    variants.set(pipelineKey(variant.kernel, variant.constants), variant);
}

const compiled: Compiled[] = [];
let failed = 0;
for (const { kernel, constants, bindings } of variants.values()) {
  const file = join(out, `${kernel.name.replace('/', '-')}-${compiled.length}.txt`);
  process.env['PIPELINE_REPORT'] = file; // the layer looks there when the pipeline is made, which is at once
  device.pushErrorScope('validation');
  device.createComputePipeline({
    layout: device.createPipelineLayout({ bindGroupLayouts: [pipelines.layout(bindings)] }),
    compute: { module: device.createShaderModule({ code: shaderText(kernel, constants) }), entryPoint: 'main' },
  });
  const error = await device.popErrorScope();
  if (error === null) compiled.push({ kernel: kernel.name, constants, report: readReport(await readFile(file, 'utf8')) });
  else process.stderr.write(`${kernel.name} ${JSON.stringify(constants)}: ${error.message}\n`);
  failed += error === null ? 0 : 1;
}
await writeFile(join(out, 'pipelines.json'), JSON.stringify(compiled, undefined, 1));
process.stdout.write(`${gpu.description}: ${compiled.length} pipelines, ${failed} failed\n\n${tableOf(compiled)}\n`);
process.exitCode = failed === 0 ? 0 : 1;
device.destroy();
await device.lost;
