/** `diptych compare`: two runs over the same prompts, paired by prompt. */
import { resolve } from 'node:path';
import { type Comparison, type ComparisonRow, compareRuns, openRun } from '@diptych/core';
import { DiptychError } from '@diptych/plugin-kit';
import { share } from '../number-options.ts';
import { type OutputOptions, printResult } from '../output/result.ts';
import { renderTable } from '../output/table.ts';

interface CompareCommandOptions extends OutputOptions {
  readonly judges?: string;
  readonly detectors?: string;
  readonly generators?: string;
  readonly difference: string;
  readonly power: string;
}

/** `a=b,c=d`. */
function pairsOf(text: string | undefined, option: string): Record<string, string> {
  if (text === undefined) return {};
  return Object.fromEntries(
    text.split(',').map((pair) => {
      const [first, second, ...rest] = pair.split('=').map((name) => name.trim());
      if (first && second && rest.length === 0) return [first, second] as const;
      throw new DiptychError(
        'USAGE',
        `Expected ${option} such as a=b, the name in the first run and the one in the second, received "${pair}". Correct it.`,
      );
    }),
  );
}

const three = (value: number | null): string => (value === null ? '–' : value.toFixed(3));
const probability = (value: number | null): string =>
  value === null ? '–' : value < 0.0001 ? '< 0.0001' : value.toFixed(4);

const cells = (row: ComparisonRow): (string | number)[] => [
  row.measure,
  row.by || '–',
  row.group,
  row.pairs,
  three(row.first),
  three(row.second),
  `${three(row.difference)}${row.interval ? ` [${three(row.interval.low)}, ${three(row.interval.high)}]` : ''}`,
  probability(row.pValue),
  probability(row.pAdjusted),
  probability(row.mcnemar),
  three(row.cohenDz),
  row.promptsNeeded ?? '–',
];

function render(comparison: Comparison): string {
  const { first, second, sharedPrompts, firstOnlyPrompts, secondOnlyPrompts, otherTexts, differing, notes } = comparison;
  const header = [
    'measure',
    'by',
    'group',
    'prompts',
    'first',
    'second',
    'first − second [95 %]',
    'p',
    'p (Holm)',
    'McNemar',
    'd_z',
    'n needed',
  ];
  return [
    `${first} and ${second}: ${sharedPrompts} prompts in both, ${firstOnlyPrompts} only in the first, ${secondOnlyPrompts} only in the second; those are left out.`,
    ...(otherTexts > 0 ? [`${otherTexts} of the shared prompts have another text in the second run.`] : []),
    ...(differing.length > 0 ? [`Not the same in both: ${differing.join(', ')}.`] : []),
    ...notes,
    renderTable(header, comparison.rows.map(cells)),
    `prompts: those that belong together (pairs, translations, rewritings) count as one. p: sign-flip test over them; Holm over ${comparison.rows.length} rows. n needed: prompts to see a difference of ${comparison.difference} at power ${comparison.power}, by the spread between prompts found here.`,
  ].join('\n');
}

export default async function compare(first: string, second: string, options: CompareCommandOptions): Promise<void> {
  if (resolve(first) === resolve(second))
    throw new DiptychError('USAGE', `Expected two runs, received ${first} twice. Name the run to compare it with.`);
  const comparison = await compareRuns(await openRun(first), await openRun(second), {
    judges: pairsOf(options.judges, '--judges'),
    detectors: pairsOf(options.detectors, '--detectors'),
    generators: pairsOf(options.generators, '--generators'),
    difference: share(options.difference, '--difference'),
    power: share(options.power, '--power'),
  });
  printResult(options, comparison, () => render(comparison));
}
