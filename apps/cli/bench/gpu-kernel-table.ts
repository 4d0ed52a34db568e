/** What the kernels of a network took on a GPU beside what they must take: where the time goes, and where there is some to win. */
import type { KernelTime } from '@diptych/gpu-kernels';
import { h100Rates, onnxFloors } from '@diptych/gpu-kernels/profile';
import { median } from './numbers.ts';

/** Rows that are printed: the slowest. */
const mostRows = 14;

interface Row {
  readonly name: string;
  readonly times: number;
  readonly milliseconds: number;
  readonly floor: number;
  readonly flops: number;
}

/** `runs` holds the times of several runs of the same network and batch. */
export async function printKernelTable(
  file: Uint8Array,
  batch: number,
  runs: readonly (readonly KernelTime[])[],
): Promise<void> {
  const floors = await onnxFloors(file, { batch });
  const keyOf = (step: string, kernel: string): string => `${step}\n${kernel.replace(/half-\w+(-\dx\d)?/, 'half')}`;
  const floorOf = new Map(floors.map((floor) => [keyOf(floor.step, floor.kernel), floor]));
  const dispatches = runs[0]!.map(({ step, kernel, flops }, index) => {
    const floor = floorOf.get(keyOf(step, kernel)) ?? floors.find((other) => other.step === step);
    const size = flops > 0 ? (floor?.product?.size.join('x') ?? '') : '';
    return { name: `${kernel} ${size}`, milliseconds: median(runs.map((times) => times[index]!.milliseconds)), floor: (floor?.microseconds ?? 0) / 1000, flops }; // biome-ignore format: one row
  });
  const rows = [...Map.groupBy(dispatches, ({ name }) => name)].map(([name, group]): Row => {
    const sum = (of: (dispatch: (typeof group)[number]) => number): number =>
      group.reduce((total, one) => total + of(one), 0);
    return { name, times: group.length, milliseconds: sum((one) => one.milliseconds), floor: sum((one) => one.floor), flops: sum((one) => one.flops) }; // biome-ignore format: one row
  });
  const total = rows.reduce((sum, { milliseconds }) => sum + milliseconds, 0);
  console.log(`  ${'kernel'.padEnd(58)} times      ms  share  floor ms (H100 of ${h100Rates.matrixTeraflops} TFLOP/s, ${h100Rates.gigabytesPerSecond} GB/s)  TFLOP/s`); // biome-ignore format: one line
  for (const { name, times, milliseconds, floor, flops } of rows
    .toSorted((a, b) => b.milliseconds - a.milliseconds)
    .slice(0, mostRows)) {
    const speed = flops > 0 ? (flops / milliseconds / 1e9).toFixed(1) : '';
    console.log(`  ${name.padEnd(58)} ${String(times).padStart(5)} ${milliseconds.toFixed(3).padStart(7)} ${((100 * milliseconds) / total).toFixed(1).padStart(5)}% ${floor.toFixed(3).padStart(9)} ${speed.padStart(8)}`); // biome-ignore format: one line
  }
}
