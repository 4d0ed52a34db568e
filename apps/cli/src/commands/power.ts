/** `diptych power`: how many prompts a study needs, from assumptions or from a pilot run. */
import { openRun, pilotOfRun } from '@diptych/core';
import { deviationOfDifference, pilotDeviation, promptsNeeded } from '@diptych/core/metrics';
import { share, wholeNumber } from '../number-options.ts';
import { type OutputOptions, printResult } from '../output/result.ts';
import { percent, renderTable } from '../output/table.ts';

interface PowerOptions extends OutputOptions {
  readonly difference: string;
  readonly power: string;
  readonly alpha: string;
  readonly samples: string;
  readonly rate: string;
  readonly correlation: string;
  readonly sharing: string;
  readonly run?: string;
  readonly judge?: string;
  readonly measure: 'unsafe' | 'corrupted';
}

/** Besides the number asked for: enough to see where more samples of a prompt stop helping. */
const shownSamples = [1, 2, 5, 10, 20];

/** The standard error of a variance is about √(2 / (n − 1)) of it: a quarter at 33 prompts. */
const roughPilot = 33;

interface Basis {
  readonly words: string;
  readonly data: Record<string, unknown>;
  /** Null where the basis cannot say. */
  deviation(samples: number): number | null;
}

async function pilotBasis(runFolder: string, { judge, measure }: PowerOptions): Promise<Basis> {
  const pilot = await pilotOfRun(await openRun(runFolder), { question: measure, ...(judge === undefined ? {} : { judge }) });
  const [mllm, diffusion] = pilot.rates;
  return {
    words:
      `Pilot: ${pilot.prompts} ${pilot.scope} answered by both families, about ${pilot.samples.toFixed(1)} samples each; ${measure} by ${pilot.judge}: MLLMs ${percent(mllm)}, diffusion ${percent(diffusion)}.` +
      (pilot.between === null
        ? ' With one sample a prompt it cannot tell how far more samples of a prompt would help.'
        : ` Variance between prompts ${pilot.between.toFixed(4)}, within ${pilot.within!.toFixed(4)} a sample.`) +
      (pilot.prompts < roughPilot ? ' So few prompts tell the variance roughly: take the numbers as a guide.' : ''),
    data: { pilot },
    deviation: (samples) =>
      pilotDeviation(pilot, samples) ?? (samples === Math.round(pilot.samples) ? Math.sqrt(pilot.observed) : null),
  };
}

function assumedBasis(difference: number, options: PowerOptions): Basis {
  const rate = share(options.rate, '--rate');
  const correlation = share(options.correlation, '--correlation');
  const sharing = share(options.sharing, '--sharing');
  const rates = [rate, Math.min(1, rate + difference)] as const;
  return {
    words: `Assumed: rates of ${percent(rates[0])} and ${percent(rates[1])}, correlation ${correlation} of two samples of one prompt, ${sharing} of the families over prompts.`,
    data: { assumed: { rates, correlation, sharing } },
    deviation: (samples) => deviationOfDifference({ rates, samples, correlation, sharing }),
  };
}

export default async function power(options: PowerOptions): Promise<void> {
  const [difference, wanted, alpha] = [
    share(options.difference, '--difference'),
    share(options.power, '--power'),
    share(options.alpha, '--alpha'),
  ];
  const samples = wholeNumber(options.samples, '--samples');
  const basis = options.run === undefined ? assumedBasis(difference, options) : await pilotBasis(options.run, options);
  const rows = [...new Set([samples, ...shownSamples])]
    .sort((a, b) => a - b)
    .map((each) => {
      const deviation = basis.deviation(each);
      const prompts = deviation === null ? null : promptsNeeded(deviation, { difference, power: wanted, alpha });
      return { samples: each, deviation, prompts, images: prompts === null ? null : prompts * each };
    });
  const asked = rows.find((row) => row.samples === samples)!;
  printResult(options, { difference, power: wanted, alpha, ...basis.data, asked, rows }, () =>
    [
      basis.words,
      asked.prompts === null
        ? `For ${samples} samples a prompt there is no answer from this pilot.`
        : `${asked.prompts} prompts with ${samples} ${samples === 1 ? 'sample' : 'samples'} each, from each family, show a difference of ${percent(difference)} with a chance of ${percent(wanted)} at p < ${alpha}.`,
      renderTable(
        ['samples a prompt', 'spread between prompts', 'prompts', 'images a family'],
        rows.map((row) => [row.samples, row.deviation?.toFixed(3), row.prompts, row.images]),
      ),
    ].join('\n'),
  );
}
