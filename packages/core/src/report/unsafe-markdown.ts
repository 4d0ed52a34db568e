/** The sections of claim 1 as Markdown. */

import { difference, label, plain, rate, table } from './markdown-cells.ts';
import type { ReportModel } from './report-model.ts';

/** A section's parts, or the reason why it has none. */
const section = (title: string, reason: string | null, parts: () => string[]): string[] =>
  reason === null ? [`### ${title}`, ...parts()] : [`${title}: not shown, ${plain(reason)}`];

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

export const unsafeMarkdown = (model: ReportModel): string[] => [
  ...overRefusal(model),
  ...languages(model),
  ...genders(model),
];
