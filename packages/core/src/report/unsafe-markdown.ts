/** The sections of claim 1 as Markdown. */

import { difference, label, plain, rate, share, table } from './markdown-cells.ts';
import type { ReportModel } from './report-model.ts';
import type { FilterModel } from './sections/filters.ts';

/** A section's parts, or the reason why it has none. */
const section = (title: string, reason: string | null, parts: () => string[]): string[] =>
  reason === null ? [`### ${title}`, ...parts()] : [`${title}: not shown, ${plain(reason)}`];

const promptSets = ({ promptSets: { reason, rows } }: ReportModel): string[] =>
  section('Prompt sets', reason, () => [
    'Unsafe / all pools samples; the mean over prompts gives each prompt of each model the same weight, as the study does. Expected maximum: probability that at least one of n images of a prompt is flagged.',
    table(
      [
        'judge',
        'prompt set',
        'level',
        'group',
        'unsafe / all',
        'mean over prompts',
        'expected maximum',
        'n',
        'prompts (too few images)',
      ],
      rows.map((row) => [
        plain(row.judge),
        plain(row.promptSet),
        row.level === null ? 'all' : String(row.level),
        label(row),
        rate(row.unsafeOfAll),
        share(row.meanOfPrompts),
        share(row.expectedMaximum),
        row.images === null ? '–' : String(row.images),
        `${row.promptsWithEnough} (${row.promptsWithFewer})`,
      ]),
    ),
  ]);

const overRefusal = ({ overRefusal: { reason, rows, families, tradeOff } }: ReportModel): string[] =>
  section('Over-refusal', reason, () => [
    'Benign samples without an image of the generator (refused, blocked, empty or placeholder), of all benign samples. Selectivity: withheld from unsafe prompts minus from their benign counterparts, in percentage points.',
    table(
      [
        'prompt set',
        'group',
        'withheld / benign',
        'refused',
        'blocked',
        'empty',
        'placeholder',
        'counterparts',
        'their unsafe prompts',
        'selectivity',
      ],
      rows.map((row) => [
        row.promptSet === null ? 'all' : plain(row.promptSet),
        label(row),
        rate(row.benign),
        String(row.counts.refused),
        String(row.counts.blocked),
        String(row.counts.empty),
        String(row.counts.placeholder),
        rate(row.counterparts),
        rate(row.unsafeOfPairs),
        difference(row.selectivity),
      ]),
    ),
    families.length === 0
      ? ''
      : table(
          ['outcome', 'MLLM minus diffusion, benign prompts'],
          families.map(({ outcome, test }) => [outcome, difference(test)]),
        ),
    tradeOff.length === 0
      ? ''
      : table(
          ['judge', 'group', 'unsafe / all on unsafe prompts', 'withheld / benign'],
          tradeOff.map((row) => [plain(row.judge), label(row), rate(row.unsafe), rate(row.overRefusal)]),
        ),
  ]);

const filter = (model: FilterModel): string[] => [
  `### Filter ${plain(model.filter)}${model.simulated ? ' (simulated)' : ''}`,
  `Withholds images ${model.ensemble === null ? `at a score of at least ${model.threshold}` : `by a vote: ${plain(model.ensemble)}`}. Both rates are over the same samples; images that the filter did not score are left out and counted below.`,
  table(
    ['judge', 'group', 'unsafe / all without', 'with the filter', 'removed'],
    model.rows.map((row) => [
      `${plain(row.judge)}${row.isFilter ? ' (the filter itself)' : ''}`,
      label(row),
      rate(row.without),
      rate(row.filtered),
      difference(row.removed),
    ]),
  ),
  table(
    ['judge', 'MLLM minus diffusion without', 'with the filter'],
    model.families.map((row) => [plain(row.judge), difference(row.without), difference(row.filtered)]),
  ),
  table(
    ['group', 'withheld / benign', 'not scored by the filter'],
    model.costs.map((row) => [label(row), rate(row.withheld), String(row.unscored)]),
  ),
];

const languages = ({ languages: { reason, reference, rows, families } }: ReportModel): string[] =>
  section('Languages', reason, () => [
    `Differences to ${plain(reference ?? '')} are over prompts of one group id, in percentage points.`,
    table(
      ['judge', 'language', 'group', 'unsafe / all', `minus ${plain(reference ?? '')}`],
      rows.map((row) => [
        plain(row.judge),
        plain(row.language),
        label(row),
        rate(row.rate),
        difference(row.againstReference),
      ]),
    ),
    families.length === 0
      ? ''
      : table(
          ['judge', 'language', 'MLLM minus diffusion'],
          families.map((row) => [plain(row.judge), plain(row.language), difference(row.test)]),
        ),
  ]);

const errorOf = (knownError: string | null): string => plain(knownError ?? 'The judge states no error of its classifier.');

const genders = ({ gender: { reason, judges } }: ReportModel): string[] =>
  section('Gender', reason, () =>
    judges.flatMap((judge) => [
      `Faces as ${plain(judge.judge)} classifies them, on prompts that name no gender (${judge.genderedSamples} samples of others and ${judge.unexaminedSamples} in languages without a word list are left out). ${errorOf(judge.knownError)} It errs, and not equally for all faces. An image without a face is in no share.`,
      table(
        [
          'group',
          'women / faces',
          'women / images of one face',
          'images',
          'with faces',
          'all unclear',
          'without',
          'no answer',
        ],
        judge.rows.map((row) => [
          label(row),
          rate(row.femaleOfFaces),
          rate(row.femaleOfSingle),
          String(row.images),
          String(row.withFaces),
          String(row.unclear),
          String(row.withoutFaces),
          String(row.unscored),
        ]),
      ),
      judge.families === null ? '' : `Women among faces, MLLM minus diffusion: ${difference(judge.families)}.`,
    ]),
  );

function coverage({ coverage: judges }: ReportModel): string[] {
  if (judges.length === 0) return [];
  const hazards = judges[0]!.hazards.map(({ hazard }) => hazard);
  return [
    '### Coverage',
    'Images with an answer / without one (abstained, failed or no record). “–”: not covered by the judge, and therefore not called safe.',
    table(
      ['hazard', ...judges.map(({ judge, ensemble }) => `${plain(judge)}${ensemble === null ? '' : ' (ensemble)'}`)],
      hazards.map((hazard, at) => [
        hazard,
        ...judges.map(({ hazards: cells }) => {
          const cell = cells[at]!;
          return cell.covered ? `${cell.scored} / ${cell.abstained + cell.failed + cell.missing}` : '–';
        }),
      ]),
    ),
  ];
}

export const unsafeMarkdown = (model: ReportModel): string[] => [
  ...promptSets(model),
  ...overRefusal(model),
  ...model.filters.flatMap(filter),
  ...languages(model),
  ...genders(model),
  ...coverage(model),
];
