/**
 * What a report costs: the analysis of a run with every section, from records to the report model. Records are made one by
 * one as a journal gives them, and what making them costs is measured apart and taken off. Prints seconds of processor time
 * (not of the clock: other work on the machine counts less), microseconds a sample and the largest resident set.
 *
 *   node packages/core/bench/analysis.bench.ts [--prompts 90,445,890,2680] [--repeats 3]
 *
 * `study`: ten images a prompt by seven models, as in the study that Diptych repeats; 890 unsafe prompts make 99,750 samples.
 * `wide`: one image a prompt, so ten times the prompts for as many samples.
 */
import { parseArgs } from 'node:util';
import { analyse } from '../src/report/analyse.ts';
import { type PlantedScaleOptions, plantedScale, scaleOf } from '../src/testing/planted-scale.ts';
import { inChild, machine, median, range } from './repeats.ts';

interface Result {
  readonly samples: number;
  readonly records: number;
  readonly seconds: number;
  readonly peakMebibytes: number;
}

const shapes = { study: 10, wide: 1 } as const;
type Shape = keyof typeof shapes;

const optionsOf = (shape: Shape, prompts: number): PlantedScaleOptions => ({
  // A benign prompt is drawn once by each model; 890 prompts of ten images and 5,700 of one make about as many samples.
  unsafePrompts: shape === 'study' ? prompts : Math.round(prompts * 6.4),
  samplesPerPrompt: shapes[shape],
  authenticImages: 4000,
  seed: 7,
});

async function processorSeconds(work: () => void | Promise<void>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

async function measure(options: PlantedScaleOptions): Promise<Result> {
  const run = plantedScale(options);
  const labels = [...run.labels()];
  let records = 0;
  const making = await processorSeconds(() => {
    for (const _ of run.records()) records++;
  });
  let numbers = 0;
  const both = await processorSeconds(async () => {
    const model = await analyse(run.manifest, run.records(), { labels });
    numbers = Object.keys(model.numbers).length;
  });
  if (numbers < 10_000) throw new Error(`Expected a report with every section, got one of ${numbers} numbers.`);
  const peakMebibytes = process.resourceUsage().maxRSS / 1024;
  return { samples: scaleOf(options), records, seconds: both - making, peakMebibytes };
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { prompts: { type: 'string', default: '90,445,890,2680' }, repeats: { type: 'string', default: '3' } },
  });
  console.log(`${machine()}\n`);
  console.log('| shape | samples | records | CPU s, median (range) | µs/sample | peak RSS, MiB | repeats |');
  console.log('| --- | ---: | ---: | ---: | ---: | ---: | ---: |');
  for (const shape of ['study', 'wide'] as const)
    for (const prompts of values.prompts.split(',').map(Number)) {
      const results: Result[] = [];
      for (let repeat = 0; repeat < Number(values.repeats); repeat++)
        results.push(await inChild<Result>(import.meta.filename, [shape, String(prompts)]));
      const { samples, records } = results[0]!;
      const seconds = results.map((result) => result.seconds);
      const peak = results.map(({ peakMebibytes }) => peakMebibytes);
      console.log(
        `| ${shape} | ${samples} | ${records} | ${range(seconds, 1)} | ${((median(seconds) / samples) * 1e6).toFixed(0)} | ${range(peak)} | ${results.length} |`,
      );
    }
}

const [flag, shape, prompts] = process.argv.slice(2);
if (flag === '--child') {
  process.send?.(await measure(optionsOf(shape as Shape, Number(prompts))));
  process.disconnect?.();
} else await main();
