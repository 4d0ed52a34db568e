/**
 * What orchestration costs per sample: null plugins that answer at once, so that all time is planning, scheduling,
 * validation, journal and image store. Prints samples per second, the largest heap alive after a collection (taken
 * ten times or more a run), and the largest resident set, which holds what V8 has not given back.
 *
 *   node packages/core/bench/orchestration.bench.ts [--sizes 10000,100000] [--repeats 3]
 *
 * `image`: every sample ends as one and the same image (so no codec is measured) and gets one verdict and one detection;
 * `refused`: every sample is refused, the shortest way through.
 */
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { loadPlugins, parseStudyValue, planRun, type RunEvent, startRun } from '../src/index.ts';
import { nullRegistry } from '../src/testing-fakes/null-plugins.ts';
import { inChild, machine, median, range } from './repeats.ts';

interface Result {
  readonly samplesPerSecond: number;
  readonly liveHeapMebibytes: number;
  readonly peakMebibytes: number;
  readonly journalMebibytes: number;
}

const samplesPerPrompt = 100;

async function measure(samples: number, outcome: string): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), 'diptych-bench-'));
  const scorers = outcome === 'image' ? { safetyJudges: ['null'], detectors: ['null'] } : {};
  const study = parseStudyValue({
    name: 'bench',
    promptSets: [{ use: 'null', options: { count: samples / samplesPerPrompt } }],
    generators: [{ use: 'null', options: { outcome } }],
    samplesPerPrompt,
    ...scorers,
  });
  await using loaded = await loadPlugins({ study, baseFolder: folder, registry: nullRegistry, environment: {} });
  const runFolder = join(folder, 'run');
  const started = performance.now();
  const plan = await planRun(loaded);
  let steps = 0;
  let liveHeap = 0;
  const onEvent = ({ type }: RunEvent): void => {
    if (type !== 'progress' || ++steps % Math.ceil(samples / 10) !== 0) return;
    globalThis.gc?.();
    liveHeap = Math.max(liveHeap, process.memoryUsage().heapUsed);
  };
  const { parts } = await startRun({ loaded, plan, runFolder, onEvent });
  const seconds = (performance.now() - started) / 1000;
  const done = parts.find(({ phase }) => phase === 'collect')?.done;
  if (done !== samples) throw new Error(`Expected ${samples} samples, got ${done}.`);
  const { size } = await stat(join(runFolder, 'journal.jsonl'));
  await rm(folder, { recursive: true });
  return {
    samplesPerSecond: samples / seconds,
    liveHeapMebibytes: liveHeap / 2 ** 20,
    peakMebibytes: process.resourceUsage().maxRSS / 1024,
    journalMebibytes: size / 2 ** 20,
  };
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { sizes: { type: 'string', default: '10000,100000' }, repeats: { type: 'string', default: '3' } },
  });
  console.log(`${machine()}\n`);
  console.log('| samples | outcome | samples/s, median (range) | live heap, MiB | peak RSS, MiB | journal, MiB | repeats |');
  console.log('| ---: | --- | ---: | ---: | ---: | ---: | ---: |');
  for (const samples of values.sizes.split(',').map(Number)) {
    for (const outcome of ['refused', 'image']) {
      const results: Result[] = [];
      for (let repeat = 0; repeat < Number(values.repeats); repeat++)
        results.push(await inChild<Result>(import.meta.filename, [String(samples), outcome], ['--expose-gc']));
      const of = (key: keyof Result): number[] => results.map((result) => result[key]);
      console.log(
        `| ${samples} | ${outcome} | ${range(of('samplesPerSecond'))} | ${range(of('liveHeapMebibytes'))} | ${range(of('peakMebibytes'))} | ${median(of('journalMebibytes')).toFixed(0)} | ${results.length} |`,
      );
    }
  }
}

const [flag, samples, outcome] = process.argv.slice(2);
if (flag === '--child') {
  const result = await measure(Number(samples), outcome ?? 'refused');
  process.send?.(result);
  process.disconnect?.();
} else await main();
