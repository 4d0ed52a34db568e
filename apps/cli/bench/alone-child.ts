/**
 * One runtime in a process of its own, for `alone.ts`: from an ONNX file on disk to the first scores of a batch, then batches
 * for a while. Prints one line of JSON. Neither runtime is loaded before the clock starts.
 *
 *   node alone-child.ts diptych|onnxruntime FILE BATCH SIDE THREADS SECONDS SCORES
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { enableCompileCache } from 'node:module';

enableCompileCache(); // as `diptych` does
const [which, file, ...rest] = process.argv.slice(2) as [string, string, ...string[]];
const [batch, side, threads, seconds] = rest.slice(0, 4).map(Number) as [number, number, number, number];

let state = 7;
const input = Float32Array.from({ length: batch * 3 * side * side }, () => {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  return (state / 2 ** 32 - 0.5) * 4;
});

/** MiB. `resourceUsage` would count what the process held that started this one. */
const peak = (): number => {
  const own = existsSync('/proc/self/status') && /VmHWM:\s+(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'));
  return (own ? Number(own[1]) : process.resourceUsage().maxRSS) / 1024;
};
const before = peak();
const start = performance.now();
const cpu = process.cpuUsage();
const rivals = await import('./network-rivals.ts');
const contender = await (which === 'diptych' ? rivals.openDiptych : rivals.openOnnxruntimeNetwork)(file, batch, threads);
let scores = await contender.run(input);
const { user, system } = process.cpuUsage(cpu);
const first = {
  ms: performance.now() - start,
  cpuMs: (user + system) / 1000,
  sinceStartMs: performance.now(),
  peak: peak(),
};
writeFileSync(rest[4]!, new Uint8Array(scores.buffer, scores.byteOffset, scores.byteLength));

const times: number[] = [];
const resident: number[] = [];
for (const end = performance.now() + seconds * 1000; seconds > 0 && (times.length < 3 || performance.now() < end); ) {
  const begin = performance.now();
  scores = await contender.run(input);
  times.push(performance.now() - begin);
  resident.push(process.memoryUsage.rss() / 2 ** 20);
}
times.sort((a, b) => a - b);
const speed = times.length === 0 ? undefined : (1000 * batch) / times[Math.floor(times.length / 2)]!;
console.log(JSON.stringify({ before, first, peak: peak(), speed, runs: times.length, resident: resident.at(-1) }));
process.exit(); // onnxruntime's threads need not be waited for
