/**
 * What ResNet-50, ViT-B/32 and ViT-L/14 must cost in half precision on a GPU of given rates, without a GPU: every dispatch with
 * its kernel, tile, workgroups, arithmetic and bytes, and the time below which it cannot fall. The sum bounds images per
 * second from above; it forecasts nothing. `--each` prints the dispatches, else those that differ.
 *
 *   node apps/cli/bench/gpu-floors.bench.ts [--batch 64] [--teraflops 620] [--gigabytes 3000] [--dispatch 2] [--each] [--json FILE]
 */
import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { type DispatchFloor, h100Rates, h100Target, onnxFloors } from '@diptych/gpu-kernels/profile';
import { networks } from './networks.ts';

const { values } = parseArgs({
  options: {
    batch: { type: 'string', default: '64' },
    /** Of matrix instructions; bytes of memory in GB/s; microseconds between dispatches. */
    teraflops: { type: 'string', default: String(h100Rates.matrixTeraflops) },
    gigabytes: { type: 'string', default: String(h100Rates.gigabytesPerSecond) },
    dispatch: { type: 'string', default: String(h100Rates.dispatchMicroseconds) },
    each: { type: 'boolean', default: false },
    json: { type: 'string' },
  },
});
const batch = Number(values.batch);
const rates = { ...h100Rates, matrixTeraflops: Number(values.teraflops), gigabytesPerSecond: Number(values.gigabytes), dispatchMicroseconds: Number(values.dispatch) }; // biome-ignore format: one list

const sum = (floors: readonly DispatchFloor[], of: (floor: DispatchFloor) => number): number =>
  floors.reduce((total, floor) => total + of(floor), 0);

/** Dispatches that differ in nothing but their step. */
const likeness = ({ kernel, product, workgroups, flops, readBytes }: DispatchFloor): string =>
  JSON.stringify([kernel, product, workgroups, flops, readBytes]);

function print(floors: readonly DispatchFloor[]): void {
  const groups = values.each ? floors.map((floor) => [floor]) : [...Map.groupBy(floors, likeness).values()];
  const head = ['times', 'step', 'kernel', 'size', 'tile', 'workgroups', 'GFLOP', 'MB read', 'MB written', 'us'];
  const rows = groups.map((group) => {
    const [floor] = group as [DispatchFloor];
    const size = floor.product?.size.join('x') ?? '';
    const numbers = [floor.flops / 1e9, floor.readBytes / 1e6, floor.writtenBytes / 1e6, floor.microseconds].map((number) => number.toFixed(1)); // biome-ignore format: one list
    const wide = floor.wideValues > 0 ? `  (${floor.wideValues} float32)` : '';
    return [String(group.length), floor.step.slice(0, 24), floor.kernel, size, floor.product?.choice ?? '', String(floor.workgroups), ...numbers, wide]; // biome-ignore format: one row
  });
  const widths = head.map((name, column) => Math.max(name.length, ...rows.map((row) => row[column]!.length)));
  for (const row of [head, ...rows])
    console.log(`  ${row.map((cell, column) => (column < 5 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column] ?? 0))).join('  ')}`); // biome-ignore format: one line
}

const report: Record<string, readonly DispatchFloor[]> = {};
for (const name of ['ResNet-50', 'ViT-B/32', 'ViT-L/14']) {
  const { side, make } = networks[name]!;
  const floors = await onnxFloors(make(side), { batch }, h100Target, rates);
  report[name] = floors;
  const kernels = sum(floors, ({ microseconds }) => microseconds);
  const all = kernels + floors.length * rates.dispatchMicroseconds;
  const bytes = sum(floors, ({ readBytes, writtenBytes }) => readBytes + writtenBytes);
  console.log(`\n${name}, batch ${batch}: ${floors.length} dispatches, ${(sum(floors, ({ flops }) => flops) / 1e9).toFixed(0)} GFLOP, ${(bytes / 1e9).toFixed(2)} GB`); // biome-ignore format: one line
  print(floors);
  console.log(`  at ${rates.matrixTeraflops} TFLOP/s and ${rates.gigabytesPerSecond} GB/s no less than ${(kernels / 1000).toFixed(2)} ms: at most ${((batch * 1e6) / kernels).toFixed(0)} images/s; with ${rates.dispatchMicroseconds} us a dispatch ${((batch * 1e6) / all).toFixed(0)}`); // biome-ignore format: one line
}
if (values.json !== undefined) await writeFile(values.json, JSON.stringify(report, undefined, 1));
