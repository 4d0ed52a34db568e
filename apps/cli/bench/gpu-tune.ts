/**
 * Chooses tile, buffers and parts for every half-precision product of ResNet-50, ViT-B/32 and ViT-L/14 by measuring all that this
 * adapter can run, and writes them to the table that the runtime reads. The networks run whole, with one choice for all their
 * products at a time, so that patches are gathered and caches are as warm as in use; the ViTs have two blocks of their real
 * size, which hold all the sizes there are. `--small` is for software: it shows that it works. `--dry` writes nothing.
 *
 *   node apps/cli/bench/gpu-tune.ts [--small] [--adapter NAME] [--rounds 7] [--batch 64] [--network NAME] [--dry]
 */
import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { openRuntime } from '@diptych/gpu-kernels';
import { choiceText, h100Target, onnxFloors, type ProductSize, possibleChoices, readTunedTiles, tunedTilesFile } from '@diptych/gpu-kernels/profile'; // biome-ignore format: one list
import { makeImages, resnet50, vit } from './networks.ts';
import { median } from './numbers.ts';

const { values } = parseArgs({
  options: {
    small: { type: 'boolean', default: false },
    adapter: { type: 'string' },
    rounds: { type: 'string' },
    batch: { type: 'string' },
    /** Part of the names of the networks. */
    network: { type: 'string', default: '' },
    dry: { type: 'boolean', default: false },
  },
});
const { small } = values;
const rounds = Number(values.rounds ?? (small ? 1 : 7));
const batch = Number(values.batch ?? (small ? 2 : 64));
const options = { prefer: 'webgpu', precision: 'f16', checkHalf: false, ...(values.adapter && { adapter: values.adapter }) } as const; // biome-ignore format: one list

/** Numbers of parts that are measured, and on software, where a variant takes seconds to compile, the only choices. */
const measuredParts = new Set([1, 2, 4, 8]);
const onSoftware = new Set(['small/1/1', 'narrow/2/2', 'medium/2/1']);

function choicesOf(size: ProductSize): Set<string> {
  const choices = possibleChoices(size, h100Target).filter(({ parts }) => measuredParts.has(parts));
  return new Set(choices.map(choiceText).filter((choice) => !small || onSoftware.has(choice)));
}

interface Network {
  readonly name: string;
  readonly side: number;
  readonly file: Uint8Array;
}
const networks = (): readonly Network[] =>
  small
    ? [{ name: 'ViT, tiny', side: 64, file: vit(64, 32, 128, 1) }]
    : [
        { name: 'ResNet-50', side: 224, file: resnet50(224) },
        { name: 'ViT-B/32', side: 224, file: vit(224, 32, 768, 2) },
        { name: 'ViT-L/14', side: 224, file: vit(224, 14, 1024, 2) },
      ];

/** Milliseconds of each step that is a product, all its dispatches together, with one choice for all; undefined where it does not run. */
async function stepTimes(
  { file, side }: Network,
  tile: string | undefined,
): Promise<ReadonlyMap<string, number> | undefined> {
  await using runtime = await openRuntime({ ...options, profile: true, ...(tile && { tile }) });
  try {
    await using model = await runtime.loadOnnx(file, { batch });
    const [input] = model.inputs;
    const tensor = { shape: [batch, ...input!.shape], data: makeImages(batch, side) };
    const steps = new Map<string, number[]>();
    for (let round = -1; round < rounds; round++) {
      const before = runtime.times.length;
      await model.run({ [input!.name]: tensor });
      if (round < 0) continue; // to warm up
      const sums = Map.groupBy(runtime.times.slice(before), ({ step }) => step);
      for (const [step, times] of sums) {
        const sum = times.reduce((total, { milliseconds }) => total + milliseconds, 0);
        steps.set(step, [...(steps.get(step) ?? []), sum]);
      }
    }
    return new Map([...steps].map(([step, times]) => [step, median(times)]));
  } catch (error) {
    console.log(`  ${tile}: does not run here (${String(error).split('\n')[0]!.slice(0, 160)})`);
    return undefined;
  }
}

/** Sums by size of what its steps took. */
function bySize(times: ReadonlyMap<string, number>, sizes: ReadonlyMap<string, string>): Map<string, number> {
  const sums = new Map<string, number>();
  for (const [step, size] of sizes) sums.set(size, (sums.get(size) ?? 0) + (times.get(step) ?? Number.NaN));
  return sums;
}

async function tune(network: Network): Promise<Record<string, string>> {
  const floors = await onnxFloors(network.file, { batch });
  const products = floors.flatMap(({ step, product }) => (product === undefined ? [] : [{ step, size: product.size }]));
  const sizes = new Map(products.map(({ step, size }) => [step, size.join('x')]));
  const possible = new Map(products.map(({ size }) => [size.join('x'), choicesOf(size)])); // biome-ignore format: one map
  const standard = await stepTimes(network, undefined);
  if (standard === undefined) throw new Error(`${network.name} does not run as it is.`);
  const before = bySize(standard, sizes);
  const best = new Map<string, { choice: string; milliseconds: number }>();
  for (const choice of new Set([...possible.values()].flatMap((choices) => [...choices]))) {
    const times = await stepTimes(network, choice);
    if (times === undefined) continue;
    for (const [size, milliseconds] of bySize(times, sizes)) {
      if (!possible.get(size)!.has(choice)) continue;
      if (milliseconds < (best.get(size)?.milliseconds ?? Number.POSITIVE_INFINITY))
        best.set(size, { choice, milliseconds });
    }
  }
  const chosen: Record<string, string> = {};
  for (const [size, { choice, milliseconds }] of best) {
    const untuned = before.get(size)!;
    console.log(
      `  ${size.padEnd(20)} ${choice.padEnd(10)} ${milliseconds.toFixed(3)} ms, by the model ${untuned.toFixed(3)}`,
    );
    // Less than a fiftieth is noise, and what the model chooses needs no table.
    if (milliseconds < 0.98 * untuned) chosen[size] = choice;
  }
  return chosen;
}

await using about = await openRuntime(options);
const [card] = about.info.adapter.split(', ') as [string];
console.log(`${about.info.adapter}; batch ${batch}, ${rounds} rounds`);
for (const network of networks().filter(({ name }) => name.includes(values.network))) {
  console.log(network.name);
  const chosen = await tune(network);
  console.log(
    `  ${Object.keys(chosen).length} sizes are faster than by the model${values.dry ? '; nothing was written' : ''}`,
  );
  if (values.dry) continue;
  // After each network, so that what was measured stays when time is up.
  const all = readTunedTiles();
  const table = { ...all, [card]: { ...all[card], ...chosen } };
  await writeFile(tunedTilesFile, `${JSON.stringify(table, undefined, 2)}\n`);
}
